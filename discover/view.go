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
	chooser  chooser  // picker, if it was made of the table
	timed    timed    // picker, if it is one
	observer Observer // picker, if it is one
	clocked  bool     // picker is to know the time
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
		var at *seat
		var start int64
		if s.clocked {
			start = v.pool.now()
		}
		if s.chooser != nil {
			_, at = s.chooser.choose(start)
		} else if at = s.pick(ctx, start); at == nil {
			return conn, t, endpoint.Errorf(endpoint.Internal, "%w", errPicker)
		}
		if attempt := endpoint.AttemptFrom(ctx); attempt != nil {
			at = s.try(attempt, v.pool, at)
		}
		// The count is a barrier: what is read before it is fetched at the same
		// time as the host, if that is in no cache.
		m := whole[C](at.member)
		picked := m.conn
		if at.host.enter() {
			return picked, endpoint.Token{N: start, P: m}, nil
		}
		// It was closed since: another set was published before that.
	}
}

// pick asks a picker that was made by a balancer of somebody else, who may have
// kept it from another set: its seats are not to be trusted. It is nil when the
// index is none of the set's.
func (s *snapshot) pick(ctx context.Context, now int64) *seat {
	i := -1
	switch picker := s.picker.(type) {
	case nil:
	case chooser:
		i, _ = picker.choose(now)
	default:
		i = picker.Pick(ctx)
	}
	if uint(i) >= uint(s.table.n) {
		return nil
	}
	return s.table.seat(i)
}

// try notes that the attempt goes to the member, or to one that the call has not
// tried yet if it has tried this one and there is one.
func (s *snapshot) try(a *endpoint.Attempt, pool any, at *seat) *seat {
	if a.Number() > 1 && a.Tried(pool, uint64(at.host.id)) {
		at = s.untried(a, pool, at)
	}
	a.Try(pool, uint64(at.host.id))
	return at
}

// untried returns a seat whose member the call has not tried yet, or this one.
func (s *snapshot) untried(a *endpoint.Attempt, pool any, at *seat) *seat {
	n := s.table.n
	from := rand.IntN(n) // the neighbour of one that fails should not get it all
	for k := range n {
		if other := s.table.seat((from + k) % n); !a.Tried(pool, uint64(other.host.id)) {
			return other
		}
	}
	return at
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
	if own := p.config.own; own != nil {
		v.table = v.table.with(len(p.shown), moved, func(i int) *Member { return &p.shown[i].member(v).Member })
		s.table = v.table
		s.picker = own(s.table)
		s.chooser, _ = s.picker.(chooser)
	} else {
		set := v.sorted()
		s.table = tableOf(set)
		s.picker = p.config.balancer.NewPicker(set)
	}
	s.timed, _ = s.picker.(timed)
	s.observer, _ = s.picker.(Observer)
	s.clocked = s.timed != nil || s.observer != nil
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
