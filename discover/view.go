package discover

import (
	"context"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// views are a pool as its operations see it. The core's mu guards them.
type views[C any] struct {
	core  *core
	conns chunked[C] // that calls get, each at the place of its members
	all   []*view[C]
}

// publish makes what the board shows the set that calls are spread over.
func (vs *views[C]) publish() {
	b := &vs.core.board
	if vs.core.config.own != nil {
		vs.conns = vs.conns.with(len(b.shown), b.moved, func(place int) C { return connOf[C](b.shown[place]) })
	} else {
		conns := make([]C, len(b.order))
		for i, s := range b.order {
			conns[i] = connOf[C](s)
		}
		vs.conns = chunkedOf(conns)
	}
	for _, v := range vs.all {
		v.publish(vs, b.moved)
	}
}

// connOf returns the connection of a slot that is ready.
func connOf[C any](s *slot) C {
	conn, _ := s.conn.(C)
	return conn
}

// add returns a view for another operation.
func (vs *views[C]) add() *view[C] {
	c := vs.core
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &view[C]{core: c}
	v.operation = len(vs.all)
	vs.all = append(vs.all, v)
	v.publish(vs, c.board.places())
	return v
}

// A view is a pool as one operation sees it: its members have statistics of their
// own. It is an endpoint.Target.
type view[C any] struct {
	core *core
	set  atomic.Pointer[snapshot[C]] // nil when no instance gets calls
	seating
}

// A snapshot is a set that calls are spread over, with the connections at the places
// of its members. It never changes. See decision 116.
type snapshot[C any] struct {
	spread
	conns chunked[C]
}

// publish makes what the board shows the set that calls of the view are spread over,
// where only these places have changed. See decision 62.
func (v *view[C]) publish(vs *views[C], moved []int) {
	if vs.conns.n == 0 {
		v.table = table{}
		v.set.Store(nil)
		return
	}
	v.set.Store(&snapshot[C]{v.spread(v.core, moved), vs.conns})
}

// Acquire returns the connection of the member that the balancer picks. It waits only
// for the first set.
func (v *view[C]) Acquire(ctx context.Context) (conn C, t endpoint.Token, err error) {
	for {
		s := v.set.Load()
		if s == nil {
			if err := v.core.await(ctx); err != nil {
				return conn, t, err
			}
			continue
		}
		var place int
		var at *seat
		var start int64
		if s.clocked {
			start = v.core.now()
		}
		if s.chooser != nil {
			place, at = s.chooser.choose(start)
		} else if place, at = s.pick(ctx, start); at == nil {
			return conn, t, endpoint.Errorf(endpoint.Internal, "%w", errPicker)
		}
		if attempt := endpoint.AttemptFrom(ctx); attempt != nil {
			place, at = s.try(attempt, v.core, place, at)
		}
		// The count is a barrier: what is read before it is fetched at the same time
		// as the host, if that is in no cache.
		m, picked := at.member, *s.conns.at(place)
		if at.host.enter() {
			return picked, endpoint.Token{N: start, P: m}, nil
		}
		// It was closed since: another set was published before that.
	}
}

// Release counts the call out and tells the balancer how it ended.
func (v *view[C]) Release(t endpoint.Token, err error) {
	m, ok := t.P.(*Member)
	if !ok {
		return
	}
	if t.N != 0 {
		if s := v.set.Load(); s != nil {
			s.observe(m, t.N, v.core.now(), v.core.config.observed(err))
		}
	}
	h := m.host
	switch outcomeOf(err, v.core.config.fair) {
	case failed:
		v.core.failure(h.slot)
	case answered, turnedAway:
		if h.isFailing() { // rarely
			v.core.success(h.slot)
		}
	}
	if h.leave() {
		v.core.close(h.slot)
	}
}
