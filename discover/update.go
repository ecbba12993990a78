package discover

import (
	"context"
	"slices"
	"strings"
	"time"
)

// sourceFailed notes that the source cannot tell at the moment.
func (p *Pool[C]) sourceFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // it was told to end
	}
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended {
		return
	}
	if p.cause == nil {
		p.note(event{kind: "source_failed", err: err})
	}
	p.cause = err
}

// update takes a set of the source.
func (p *Pool[C]) update(set []Instance) {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended {
		return
	}
	// Most of a large set is what it was, and known to be in order.
	same := commonEnds(p.set, set)
	if !isSorted(set[max(same.from-1, 0):min(len(set)-same.left+1, len(set))]) {
		set = Sorted(set)
		same = ends{}
	}
	if p.cause != nil {
		p.cause = nil
		p.note(event{kind: "source_recovered"})
	}
	p.known = time.Now()
	if p.merge(set, same) {
		p.publish()
	}
	if len(set) == 0 {
		p.note(event{kind: "empty"})
		p.wake() // those who wait for the first instance wait in vain
	}
}

// merge makes the slots those of the set and those that are missing in it, where
// same says what the set has in common with the one before. It says whether
// anything changed for those that were there; a new one changes something once it
// is dialled. Both lists are in the order of the addresses.
func (p *Pool[C]) merge(set []Instance, same ends) (changed bool) {
	if p.tally.missing > 0 {
		same = ends{} // the slots are not those of the set before
	}
	p.set = set
	left := len(p.slots) - same.left
	old := p.slots[same.from:left]
	middle := make([]*slot[C], 0, max(len(old), len(set)-same.from-same.left))
	for i := same.from; i < len(set)-same.left; i++ {
		for len(old) > 0 && old[0].addr() < set[i].Addr {
			changed = p.miss(old[0]) || changed
			middle, old = append(middle, old[0]), old[1:]
		}
		if len(old) > 0 && old[0].addr() == set[i].Addr {
			changed = p.renew(old[0], &set[i]) || changed
			middle, old = append(middle, old[0]), old[1:]
			continue
		}
		s := p.slot(set[i])
		p.enqueue(s)
		middle = append(middle, s)
	}
	for _, s := range old {
		changed = p.miss(s) || changed
		middle = append(middle, s)
	}
	p.slots = slices.Replace(p.slots, same.from, left, p.settled(middle)...)
	return changed
}

// miss notes that the source does not name the slot any more.
func (p *Pool[C]) miss(s *slot[C]) bool {
	if s.missing {
		return false
	}
	p.count(s, -1)
	s.missing = true
	p.count(s, 1)
	return true
}

// renew notes that the source names the slot, and what it says of it.
func (p *Pool[C]) renew(s *slot[C], in *Instance) bool {
	if !s.missing && s.instance.Load().equal(in) {
		return false
	}
	p.count(s, -1)
	s.missing = false
	s.describe(new(*in))
	p.reweigh(s)
	p.count(s, 1)
	return true
}

// publish makes what is ready the set that calls are spread over.
func (p *Pool[C]) publish() {
	p.slots = p.settled(p.slots)
	before := len(p.shown)
	p.arrange()
	for _, v := range p.views {
		v.publish(p.moved)
	}
	p.moved = p.moved[:0]
	p.noteJoined()
	if before == 0 && len(p.shown) > 0 {
		p.wake()
	}
	p.retireDropped()
	p.first = p.first || len(p.shown) > 0
	if p.flush != nil {
		p.flush.Stop()
		p.flush = nil
	}
}

// noteJoined notes those that have been dialled since the last publication, in the
// order of their addresses.
func (p *Pool[C]) noteJoined() {
	slices.SortFunc(p.joining, func(a, b *slot[C]) int { return strings.Compare(a.addr(), b.addr()) })
	for _, s := range p.joining {
		if s.joined = !s.dropped; s.joined {
			p.note(event{kind: "joined", addr: s.addr()})
		}
	}
	p.joining = p.joining[:0]
}

// settled returns the slots without those that are missing, which it drops,
// unless they are the last that have a connection: those it keeps until one of
// their successors has one, and for the grace where they have none.
func (p *Pool[C]) settled(slots []*slot[C]) []*slot[C] {
	if len(p.set) > 0 && p.empty != nil {
		p.empty.Stop()
		p.empty = nil
	}
	switch {
	case p.tally.missing == 0:
		return slots
	case p.tally.live > 0 || len(p.set) == 0 && p.config.grace == 0:
		return p.present(slots, true)
	}
	slots = p.present(slots, false)
	if len(p.set) == 0 && p.tally.stale > 0 && p.empty == nil {
		p.empty = time.AfterFunc(p.config.grace, p.graceOver)
	}
	return slots
}

// present drops those slots that are missing; with all, also what has a
// connection.
func (p *Pool[C]) present(slots []*slot[C], all bool) []*slot[C] {
	return keep(slots, func(s *slot[C]) bool {
		if s.missing && (all || !s.ready) {
			p.drop(s)
			return false
		}
		return true
	})
}

func (p *Pool[C]) graceOver() {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended || p.empty == nil {
		return
	}
	p.empty = nil
	p.slots = p.present(p.slots, true)
	p.publish()
}

// drop ends a slot that is in the pool no more. It is retired only when no view
// shows it any more: a pick must not come upon one that is closed and wait for
// the publication that takes it out.
func (p *Pool[C]) drop(s *slot[C]) {
	p.count(s, -1)
	s.dropped = true
	p.uneven.Add(-isUneven(s.weight.Load()))
	for _, t := range []*time.Timer{s.retry, s.eject.timer} {
		if t != nil {
			t.Stop()
		}
	}
	p.dropped = append(p.dropped, s)
}

// retireDropped has the connections of dropped slots closed, now or after the
// last of their calls.
func (p *Pool[C]) retireDropped() {
	for _, s := range p.dropped {
		if !s.ready {
			continue
		}
		if s.joined {
			p.note(event{kind: "left", addr: s.addr()})
		}
		if s.retire() {
			p.closing = append(p.closing, s)
		}
	}
	p.dropped = nil
}

// warmUp begins the slow start of a slot.
func (p *Pool[C]) warmUp(s *slot[C]) {
	if p.config.slowStart == 0 {
		return
	}
	s.warm = time.Since(p.begun)
	p.reweigh(s)
	p.warmSoon()
}

// slowSteps is in how many steps a weight grows.
const slowSteps = 10

func (p *Pool[C]) warmSoon() {
	if p.warming == nil {
		p.warming = time.AfterFunc(p.config.slowStart/slowSteps, p.warmer)
	}
}

// warmer takes all weights that are growing one step further.
func (p *Pool[C]) warmer() {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warming = nil
	if p.state == ended {
		return
	}
	for _, s := range p.slots {
		if s.warm >= 0 && p.reweigh(s) {
			p.warmSoon()
		}
	}
	p.publish()
}

// reweigh sets the weight of a slot as it is now, and says whether it goes on
// growing.
func (p *Pool[C]) reweigh(s *slot[C]) bool {
	weight := s.instance.Load().weight()
	if s.warm >= 0 {
		passed := time.Since(p.begun) - s.warm
		step := 1 + slowSteps*passed/p.config.slowStart
		if step < slowSteps {
			s.weigh(weight * float64(step) / slowSteps)
			return true
		}
		s.warm = -1
	}
	s.weigh(weight)
	return false
}
