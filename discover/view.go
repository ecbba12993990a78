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
	num  int // its place in slot.members
	set  atomic.Pointer[snapshot]

	table table // of the last publication, for a balancer of ours; the pool's mu guards it
}

// snapshot is a set that calls are spread over. It never changes.
type snapshot struct {
	table    table
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
		place, start := s.pick(ctx, v.pool)
		if place < 0 {
			return conn, t, endpoint.Errorf(endpoint.Internal, "%w", errPicker)
		}
		// The count is a barrier: what is read before it is fetched at the same
		// time as the host, if that is in no cache.
		at := s.table.seat(place)
		m := whole[C](at.member)
		picked := m.conn
		if at.host.enter() {
			return picked, endpoint.Token{N: start, P: m}, nil
		}
		// It was closed since: another set was published before that.
	}
}

// clock is a pool, of whatever connections.
type clock interface{ now() int64 }

// pick returns the place of a member, and the time if anybody wants to know it;
// -1 when the picker gave an index that is none.
func (s *snapshot) pick(ctx context.Context, pool clock) (int, int64) {
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
	if uint(i) >= uint(s.table.n) {
		return -1, 0
	}
	if at := endpoint.AttemptFrom(ctx); at != nil {
		if at.Number() > 1 {
			i = s.untried(at, pool, i)
		}
		at.Try(pool, uint64(s.table.host(i).id))
	}
	return i, now
}

// untried returns i, or the index of a member that the call has not tried yet
// if i is of one that it has, and there is one.
func (s *snapshot) untried(at *endpoint.Attempt, pool any, i int) int {
	if !at.Tried(pool, uint64(s.table.host(i).id)) {
		return i
	}
	n := s.table.n
	from := rand.IntN(n) // the neighbour of one that fails should not get it all
	for k := range n {
		j := (from + k) % n
		if !at.Tried(pool, uint64(s.table.host(j).id)) {
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
		v.observe(m, t.N, err)
	}
	switch {
	case err != nil && endpoint.ServerFault(err):
		v.pool.failure(m.slot())
	case !m.host.isFailing(): // as mostly
	case err == nil || endpoint.CodeOf(err) != endpoint.Canceled:
		v.pool.success(m.slot()) // it answered
	}
	if m.host.leave() {
		v.pool.close(m.slot())
	}
}

func (v *view[C]) observe(m *member[C], start int64, err error) {
	s := v.set.Load()
	if s == nil {
		return
	}
	now := v.pool.now()
	switch {
	case s.timed != nil:
		s.timed.doneAt(&m.Member, start, now, err)
	case s.observer != nil:
		s.observer.Done(&m.Member, time.Duration(now-start), err)
	}
}

// publish makes what the pool shows the set that calls of the view are spread
// over; only these places of it have changed.
func (v *view[C]) publish(moved []int) {
	p := v.pool
	if len(p.shown) == 0 {
		v.table = table{}
		v.set.Store(nil)
		return
	}
	s := &snapshot{}
	if picker := p.config.picker; picker != nil {
		v.table = v.table.with(len(p.shown), moved, func(i int) *Member { return &p.shown[i].member(v).Member })
		s.table = v.table
		s.picker = picker(s.table)
	} else {
		set := v.sorted()
		s.table = tableOf(set)
		s.picker = p.config.balancer(set)
	}
	s.timed, _ = s.picker.(timed)
	s.observer, _ = s.picker.(Observer)
	v.set.Store(s)
}

// sorted returns the members in the order of their addresses, for a balancer
// that is not ours.
func (v *view[C]) sorted() []*Member {
	set := make([]*Member, 0, len(v.pool.shown))
	for _, s := range v.pool.slots {
		if s.place >= 0 {
			set = append(set, &s.member(v).Member)
		}
	}
	return set
}

// member returns the slot, which is ready, as a member of the view.
func (s *slot[C]) member(v *view[C]) *member[C] {
	for len(s.members) <= v.num {
		s.members = append(s.members, nil)
	}
	if s.members[v.num] == nil {
		m := &s.first
		if v.num > 0 {
			m = &member[C]{}
		}
		m.host, m.conn = &s.host, s.conn
		s.members[v.num] = m
	}
	return s.members[v.num]
}
