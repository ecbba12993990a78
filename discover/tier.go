package discover

// A tier is which of the slots that have a connection get calls.
type tier struct {
	priority int
	local    bool // only those of the pool's own zone
	all      bool // including those that are ejected
}

// tierOf returns the tier of the healthy slots of the lowest priority, in the pool's
// own zone if that has enough of them.
func tierOf(t *tally) tier {
	now := tier{priority: t.lowestPriority()}
	of := t.priorities[now.priority]
	if t.zone != "" && of.local.ready > 0 && !of.local.isBad() {
		now.local = true
		return now
	}
	// When most are ejected, the cause is hardly theirs: then all get calls.
	now.all = of.all.isBad()
	return now
}

// includes reports whether the slot gets calls, in a pool of this zone.
func (t tier) includes(s *slot, zone string) bool {
	in := s.instance.Load()
	return s.ready && !s.dropped && in.Priority == t.priority &&
		(!t.local || in.Zone == zone) && (t.all || !s.eject.active)
}
