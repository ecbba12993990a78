package discover

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// view is a pool as one operation sees it: the members have statistics of their
// own. It is an endpoint.Target.
type view[C any] struct {
	pool *Pool[C]
	num  int        // its place in slot.members
	last []*slot[C] // of the last snapshot; the pool's mu guards it
	set  atomic.Pointer[snapshot]
}

// snapshot is a set that calls are spread over. It never changes.
type snapshot struct {
	set      []*Member
	picker   Picker
	timed    timed    // picker, if it is one
	observer Observer // picker, if it is one
}

// Acquire returns the connection of the member that the balancer picks. It
// waits only for the first set.
func (v *view[C]) Acquire(ctx context.Context) (conn C, t endpoint.Token, err error) {
	for {
		s := v.set.Load()
		if s == nil {
			if err := v.pool.await(ctx); err != nil {
				return conn, t, err
			}
			continue
		}
		picked, start := s.pick(ctx, v.pool)
		if picked == nil {
			return conn, t, endpoint.Errorf(endpoint.Internal, "%w", errPicker)
		}
		if picked.host.enter() {
			m, _ := picked.owner.(*member[C])
			return m.slot.conn, endpoint.Token{N: start, P: m}, nil
		}
		// It was closed since: another set was published before that.
	}
}

// clock is a pool, of whatever connections.
type clock interface{ now() int64 }

// pick returns a member, and the time if anybody wants to know it; nil when the
// picker gave an index that is none.
func (s *snapshot) pick(ctx context.Context, pool clock) (*Member, int64) {
	var i int
	var now int64
	switch {
	case s.timed != nil:
		now = pool.now()
		i = s.timed.pickAt(now)
	case s.observer != nil:
		now = pool.now()
		fallthrough
	default:
		i = s.picker.Pick(ctx)
	}
	if uint(i) >= uint(len(s.set)) {
		return nil, 0
	}
	if at := endpoint.AttemptFrom(ctx); at != nil {
		if at.Number() > 1 {
			i = s.untried(at, pool, i)
		}
		at.Try(pool, s.set[i].host.id)
	}
	return s.set[i], now
}

// untried returns i, or the index of a member that the call has not tried yet
// if i is of one that it has, and there is one.
func (s *snapshot) untried(at *endpoint.Attempt, pool any, i int) int {
	if !at.Tried(pool, s.set[i].host.id) {
		return i
	}
	n := len(s.set)
	from := rand.IntN(n) // the neighbour of one that fails should not get it all
	for k := range n {
		j := (from + k) % n
		if !at.Tried(pool, s.set[j].host.id) {
			return j
		}
	}
	return i
}

// Release counts the call out and tells the balancer how it ended.
func (v *view[C]) Release(t endpoint.Token, err error) {
	m, ok := t.P.(*member[C])
	if !ok {
		return
	}
	if t.N != 0 {
		m.observe(t.N, err)
	}
	p := v.pool
	switch {
	case err == nil:
		p.success(m.slot)
	case endpoint.ServerFault(err):
		p.failure(m.slot)
	case endpoint.CodeOf(err) != endpoint.Canceled:
		p.success(m.slot) // it answered
	}
	if m.slot.leave() {
		p.close(m.slot)
	}
}

func (m *member[C]) observe(start int64, err error) {
	s := m.view.set.Load()
	if s == nil {
		return
	}
	now := m.view.pool.now()
	switch {
	case s.timed != nil:
		s.timed.doneAt(&m.Member, start, now, err)
	case s.observer != nil:
		s.observer.Done(&m.Member, time.Duration(now-start), err)
	}
}

// publish makes these slots what calls of the view are spread over.
func (v *view[C]) publish(slots []*slot[C], balance Balancer) {
	if len(slots) == 0 {
		v.last = nil
		v.set.Store(nil)
		return
	}
	s := &snapshot{set: make([]*Member, len(slots))}
	// Most of a large set is what it was.
	same := commonEnds(len(v.last), len(slots), func(i, j int) bool { return v.last[i] == slots[j] })
	end := len(slots) - same.left
	if old := v.set.Load(); old != nil {
		copy(s.set, old.set[:same.from])
		copy(s.set[end:], old.set[len(v.last)-same.left:])
	}
	for i := same.from; i < end; i++ {
		s.set[i] = &slots[i].member(v).Member
	}
	v.last = slots
	s.picker = balance(s.set)
	s.timed, _ = s.picker.(timed)
	s.observer, _ = s.picker.(Observer)
	v.set.Store(s)
}

// member returns the slot as a member of the view.
func (s *slot[C]) member(v *view[C]) *member[C] {
	for len(s.members) <= v.num {
		s.members = append(s.members, nil)
	}
	if s.members[v.num] == nil {
		m := &member[C]{slot: s, view: v}
		m.host, m.owner = &s.host, m
		s.members[v.num] = m
	}
	return s.members[v.num]
}
