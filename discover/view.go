package discover

import (
	"context"
	"sync/atomic"
	"weak"

	"github.com/typedkit/endpoint"
)

// views are a pool as its operations see it, each for as long as a client holds it. The
// core's mu guards them. See decision 178.
type views[C any] struct {
	core  *core
	conns map[*level]chunked[C]   // that calls get, each at the place of its members
	all   []weak.Pointer[view[C]] // by the number of the operation, nil where it is free
	free  []int                   // numbers
	sweep int                     // the number of views at which to look for clients that are gone
}

// publish makes what the board shows the set that calls are spread over.
func (vs *views[C]) publish() {
	shown := vs.core.board.levels
	for _, l := range shown {
		vs.conns[l] = vs.connsOf(l)
	}
	keepLevels(vs.conns, shown)
	for _, w := range vs.all {
		if v := w.Value(); v != nil {
			v.publish(vs, false)
		}
	}
	vs.forgetGone()
}

// forgetGone frees the numbers of operations whose clients are gone, with what is known
// of them.
func (vs *views[C]) forgetGone() {
	var gone []int
	for i, w := range vs.all {
		if w != (weak.Pointer[view[C]]{}) && w.Value() == nil {
			gone = append(gone, i)
		}
	}
	if len(gone) == 0 {
		return
	}
	for _, s := range vs.core.roster.slots {
		s.forget(gone)
	}
	for _, i := range gone {
		vs.all[i] = weak.Pointer[view[C]]{}
	}
	vs.free = append(vs.free, gone...)
}

// minSweep is the least number of views at which to look for clients that are gone.
const minSweep = 16

// number returns the number of another operation. Whenever there are twice as many views
// as after the last search, it looks for views that no client holds any more.
func (vs *views[C]) number() int {
	if len(vs.all)-len(vs.free) >= max(vs.sweep, minSweep) {
		vs.forgetGone()
		vs.sweep = 2 * (len(vs.all) - len(vs.free))
	}
	if n := len(vs.free); n > 0 {
		i := vs.free[n-1]
		vs.free = vs.free[:n-1]
		return i
	}
	vs.all = append(vs.all, weak.Pointer[view[C]]{})
	return len(vs.all) - 1
}

// connsOf returns the connections at a level, each at its place.
func (vs *views[C]) connsOf(l *level) chunked[C] {
	if vs.core.config.own != nil {
		return vs.conns[l].with(len(l.shown), l.moved, func(place int) C { return connOf[C](l.shown[place]) })
	}
	conns := make([]C, len(l.order))
	for i, s := range l.order {
		conns[i] = connOf[C](s)
	}
	return chunkedOf(conns)
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
	v := &view[C]{core: c, tables: make(map[*level]table)}
	v.operation = vs.number()
	vs.all[v.operation] = weak.Make(v)
	v.publish(vs, true)
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
	levels
	conns  chunked[C]   // of the first level
	others []chunked[C] // of the others
}

// publish makes what the board shows the set that calls of the view are spread over.
// all means that not only the places that have moved may have changed. See decision 62.
func (v *view[C]) publish(vs *views[C], all bool) {
	board := &v.core.board
	if len(board.levels) == 0 {
		clear(v.tables)
		v.set.Store(nil)
		return
	}
	s := &snapshot[C]{conns: vs.conns[board.levels[0]]}
	v.spreads(&s.levels, v.core, all)
	for _, l := range board.levels[1:] {
		s.others = append(s.others, vs.conns[l])
	}
	v.set.Store(s)
}

// Acquire returns the connection of the member that the balancer picks. It waits only
// for the first set.
func (v *view[C]) Acquire(ctx context.Context) (conn C, t endpoint.Token, err error) {
	if ctx == nil {
		return conn, t, tooLate(ctx)
	}
	for {
		s := v.set.Load()
		if s == nil {
			if err := v.core.await(ctx); err != nil {
				return conn, t, err
			}
			continue
		}
		var level, place int
		var at *seat
		var start int64
		if s.clocked || v.stopwatch.isRunning() {
			start = v.core.now()
		}
		from, conns := &s.spread, &s.conns
		if s.upTo != nil {
			level = s.draw()
			from = s.at(level)
		}
		if from.chooser != nil {
			place, at = from.chooser.choose(start)
		} else if place, at = from.pick(ctx, start); at == nil {
			return conn, t, endpoint.Errorf(endpoint.Internal, "%w", errPicker)
		}
		if attempt := endpoint.AttemptFrom(ctx); attempt != nil {
			level, place, at = s.try(attempt, v.core, level, place, at)
		}
		if level != 0 {
			conns = &s.others[level-1]
		}
		// The count is a barrier: what is read before it is fetched at the same time
		// as the host, if that is in no cache.
		m, picked := at.member, *conns.at(place)
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
	o := answered
	if err != nil {
		o = outcomeOf(err, v.core.config.fair, v.core.config.fails)
	}
	h := m.host
	if t.N != 0 {
		if s := v.set.Load(); s != nil {
			now, of := v.core.now(), s.of(m)
			of.observe(v.core, m, t.N, now, o, err)
			v.watch(v.core, of, h, o, t.N, now)
		}
	} else if o == cutOff {
		v.stopwatch.start(v.core.now())
	}
	switch o {
	case failed:
		v.core.failure(h.slot)
	case answered, neutral, turnedAway:
		if h.isFailing() { // rarely
			v.core.success(h.slot)
		}
		if h.slow.Load() != 0 {
			h.slow.Store(0)
		}
		v.core.rows.end(h)
	}
	if h.leave() {
		v.core.close(h.slot)
	}
}
