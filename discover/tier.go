package discover

import "slices"

// A tier is which of the slots that have a connection get calls.
type tier struct {
	priority int
	local    bool // of the pool's own zone only
	all      bool // also what is ejected
}

// tierNow returns the healthy slots of the lowest priority, in the pool's own
// zone if that has enough of them.
func (p *Pool[C]) tierNow() tier {
	t := tier{priority: p.tally.lowestPriority()}
	of := p.tally.priorities[t.priority]
	if p.config.zone != "" && of.local.ready > 0 && !of.local.bad() {
		t.local = true
		return t
	}
	// When most are ejected, it is not they who are odd: all get calls then.
	t.all = of.all.bad()
	return t
}

// lowestPriority is the lowest number that a healthy slot has; of all slots, if
// none is healthy.
func (t *tally) lowestPriority() int {
	first, lowest, healthy := true, 0, false
	for priority, of := range t.priorities {
		better := of.all.healthy > 0
		if first || better && !healthy || better == healthy && priority < lowest {
			first, lowest, healthy = false, priority, better
		}
	}
	return lowest
}

// isShown says that the slot is to get calls.
func (p *Pool[C]) isShown(s *slot[C]) bool {
	in := s.instance.Load()
	return s.ready && !s.dropped && in.Priority == p.tier.priority &&
		(!p.tier.local || in.Zone == p.config.zone) && (p.tier.all || !s.eject.active)
}

// arrange brings shown up to date. It looks at what was touched, and at all
// slots only when the tier is another.
func (p *Pool[C]) arrange() {
	if t := p.tierNow(); t != p.tier {
		p.tier = t
		p.touched = append(p.touched, p.slots...)
	}
	for _, s := range p.touched {
		switch shown := s.place >= 0; {
		case p.isShown(s) == shown:
		case shown:
			p.hide(s)
		default:
			s.place = len(p.shown)
			p.shown = append(p.shown, s)
			p.moved = append(p.moved, s.place)
		}
	}
	p.touched = nil
}

// hide takes a slot out of shown. The last one gets its place: their order means
// nothing.
func (p *Pool[C]) hide(s *slot[C]) {
	last := len(p.shown) - 1
	p.moved = append(p.moved, s.place, last)
	p.shown[s.place] = p.shown[last]
	p.shown[s.place].place = s.place
	p.shown = slices.Delete(p.shown, last, last+1)
	s.place = -1
}
