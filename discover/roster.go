package discover

import (
	"slices"
	"sync/atomic"
)

// A roster is who is in a pool: a slot for each instance that the source named last,
// and for the instances that it no longer names but that are kept for a while. It is
// the only place where slots are made and dropped.
type roster struct {
	slow   *slowStart
	strict bool // an empty set is accepted immediately

	set     []Instance // that the source named last
	refused refusals   // those of set that have no slot, because their address is malformed
	odd     refusals   // those of set whose weight is refused
	slots   []*slot    // in the order of the addresses, with those that are missing in set but kept
	tally   tally      // of slots
	dropped []*slot    // not in slots any more, but perhaps still on the board
	ids     uint32
	uneven  atomic.Int64 // slots whose weight is not 1
}

// add makes a slot. The caller puts it into slots.
func (r *roster) add(in Instance) *slot {
	r.ids++
	return newSlot(r.ids, in, &r.uneven)
}

// merge makes the slots those of the set. It returns the slots that were added, and
// reports whether the others changed. A set that is not sorted is sorted first. An
// instance whose address is malformed gets no slot. One whose weight is refused counts 1.
func (r *roster) merge(set []Instance) (added []*slot, changed bool) {
	// Most of a large set is as before, and known to be in order.
	same := commonEnds(r.set, set)
	if !isSorted(set[max(same.from-1, 0):min(len(set)-same.left+1, len(set))]) {
		set = Sorted(set)
		same = ends{}
	}
	if r.tally.missing > 0 || len(r.refused.addrs)+len(r.odd.addrs) > 0 {
		same = ends{} // the slots are not those of the set before
	}
	r.set = set
	var refused, odd refusals
	left := len(r.slots) - same.left
	old := r.slots[same.from:left]
	middle := make([]*slot, 0, max(len(old), len(set)-same.from-same.left))
	for i := same.from; i < len(set)-same.left; i++ {
		if err := set[i].checkWeight(); err != nil {
			odd.add(set[i].Addr, err, r.odd)
		}
		for len(old) > 0 && old[0].addr() < set[i].Addr {
			changed = r.miss(old[0]) || changed
			middle, old = append(middle, old[0]), old[1:]
		}
		if len(old) > 0 && old[0].addr() == set[i].Addr {
			changed = r.renew(old[0], &set[i]) || changed
			middle, old = append(middle, old[0]), old[1:]
			continue
		}
		if err := checkAddr(set[i].Addr); err != nil {
			refused.add(set[i].Addr, err, r.refused)
			continue
		}
		s := r.add(set[i])
		added, middle = append(added, s), append(middle, s)
	}
	for _, s := range old {
		changed = r.miss(s) || changed
		middle = append(middle, s)
	}
	r.refused, r.odd = refused, odd
	r.slots = slices.Replace(r.slots, same.from, left, r.pruned(middle)...)
	return added, changed
}

// isEmpty reports whether the source named no instance that may have a slot.
func (r *roster) isEmpty() bool { return len(r.set) == len(r.refused.addrs) }

// miss notes that the source does not name the slot any more, and reports whether
// that is new.
func (r *roster) miss(s *slot) bool {
	if s.missing {
		return false
	}
	r.tally.update(s, func() { s.missing = true })
	return true
}

// renew notes that the source names the slot, and what it says of it. It reports
// whether any of that is new.
func (r *roster) renew(s *slot, in *Instance) bool {
	if !s.missing && s.instance.Load().equal(in) {
		return false
	}
	r.tally.update(s, func() {
		s.missing = false
		s.describe(new(*in))
		r.slow.weigh(s)
	})
	return true
}

// prune drops the slots that are missing, unless they are the last that have a
// connection. Those are kept until one of their successors has a connection. Where
// the set is empty, they have no successors and are kept until dropMissing.
func (r *roster) prune() { r.slots = r.pruned(r.slots) }

// dropMissing drops all slots that are missing.
func (r *roster) dropMissing() { r.slots = r.present(r.slots, true) }

// keepsWithoutSuccessors reports whether slots are kept though the set is empty.
func (r *roster) keepsWithoutSuccessors() bool { return r.isEmpty() && r.tally.stale > 0 }

func (r *roster) pruned(slots []*slot) []*slot {
	if r.tally.missing == 0 {
		return slots
	}
	return r.present(slots, r.tally.live > 0 || r.isEmpty() && r.strict)
}

// present returns the slots without those that are missing, which it drops: all of
// them, or only those that have no connection.
func (r *roster) present(slots []*slot, all bool) []*slot {
	return keep(slots, func(s *slot) bool {
		if s.missing && (all || !s.ready) {
			r.drop(s)
			return false
		}
		return true
	})
}

// dropAll drops all slots.
func (r *roster) dropAll() {
	for _, s := range r.slots {
		r.drop(s)
	}
	r.set, r.slots, r.refused, r.odd = nil, nil, refusals{}, refusals{}
}

// drop ends a slot that is taken out of slots. It is retired only when no operation
// shows it any more: otherwise a pick could find one that is closed, and wait for
// the publication that takes it out.
func (r *roster) drop(s *slot) {
	s.stopTimers()
	r.tally.remove(s)
	s.dropped = true
	r.uneven.Add(-isUneven(s.weight.Load()))
	r.dropped = append(r.dropped, s)
}

// keep returns the slots that want reports true for. If that is all of them, it
// makes no copy.
func keep(slots []*slot, want func(*slot) bool) []*slot {
	for i, s := range slots {
		if want(s) {
			continue
		}
		kept := append(make([]*slot, 0, len(slots)), slots[:i]...)
		for _, s := range slots[i+1:] {
			if want(s) {
				kept = append(kept, s)
			}
		}
		return kept
	}
	return slots
}
