package discover

import (
	"cmp"
	"slices"
)

// A tier is the instances of one priority, in the pool's own zone or not. Without a
// zone of the pool, all are in it.
type tier struct {
	priority int
	remote   bool
}

// compare orders tiers by which gets calls first.
func (t tier) compare(other tier) int {
	switch byPriority := cmp.Compare(t.priority, other.priority); {
	case byPriority != 0:
		return byPriority
	case t.remote == other.remote:
		return 0
	case t.remote:
		return 1
	}
	return -1
}

const (
	// overprovisioned is Envoy's factor: a tier can take all calls as long as 1/1.4 of
	// it is healthy.
	overprovisioned = 1.4
	// overprovisionedZone is the factor of the pool's own zone, which is preferred while half of
	// it is healthy.
	overprovisionedZone = 2
	// probationFactor is how much an instance on probation counts for the health of its
	// tier, before it has answered.
	probationFactor = 0.1
	// tinyShare is the tolerance for rounding errors in shares.
	tinyShare = 1e-9
	// reserveTiers is how many tiers without a share retries may go to.
	reserveTiers = 3
)

// shows selects the instances of a tier that get calls.
type shows uint8

const (
	showsFit        shows = iota // those that do not fail
	showsNotEjected              // those that are not ejected
	showsUp                      // those whose checks do not fail
	showsAll
)

// A plan is how calls are spread over tiers: which get calls, which of their instances,
// and their shares. See decision 150.
type plan struct {
	tier
	shows       shows
	share       float64
	onProbation bool // none of its instances has answered since it failed
}

// plansOf returns the plans of the tiers, in the order of preference. Tiers without a
// share get retries alone.
func plansOf(t *tally) []plan {
	plans := make([]plan, 0, len(t.tiers))
	total := 0.0
	for tier, of := range t.tiers {
		p := plan{tier: tier, share: of.health(tier, t.zone), onProbation: of.tested > 0 && of.tested == of.fit}
		plans = append(plans, p)
		total += p.share
	}
	slices.SortFunc(plans, func(a, b plan) int { return a.compare(b.tier) })
	switch {
	case len(plans) == 1:
		plans[0].share = 1
		plans[0].shows = t.tiers[plans[0].tier].shows()
	case total == 0:
		shareAll(plans, t)
	case total < 1-tinyShare:
		for i := range plans {
			plans[i].shows = t.tiers[plans[i].tier].shows()
		}
	default:
		left := 1.0
		for i := range plans {
			plans[i].share = min(plans[i].share, left)
			if left -= plans[i].share; left < tinyShare {
				left = 0
			}
		}
	}
	return served(plans)
}

// shareAll spreads calls over all instances, or over those whose checks do not fail.
func shareAll(plans []plan, t *tally) {
	up := 0
	for i := range plans {
		of := t.tiers[plans[i].tier].up
		plans[i].share, plans[i].shows = float64(of), showsUp
		up += of
	}
	for i := range plans {
		if up == 0 {
			plans[i].share, plans[i].shows = float64(t.tiers[plans[i].tier].ready), showsAll
		}
	}
}

// served returns the plans of the tiers that get calls, with shares that add up to 1, and
// of the tiers after them that retries may go to.
func served(plans []plan) []plan {
	total, reserve, kept := 0.0, 0, plans[:0]
	for _, p := range plans {
		total += p.share
	}
	for _, p := range plans {
		if p.share > 0 {
			reserve = 0
		} else if reserve++; reserve > reserveTiers {
			continue
		}
		p.share /= total
		kept = append(kept, p)
	}
	return kept
}

// health returns the fraction of all calls that the tier can take.
func (st standing) health(t tier, zone string) float64 {
	factor := overprovisioned
	if zone != "" && !t.remote {
		factor = overprovisionedZone
	}
	fit := float64(st.fit) - (1-probationFactor)*float64(st.tested)
	return min(1, factor*fit/float64(st.ready))
}

// shows returns which instances get calls if no other tier can take those of this one.
func (st standing) shows() shows {
	switch {
	case st.up == 0:
		return showsAll
	case st.fit == 0 || 2*st.ejected > st.up:
		return showsUp // the cause is probably not in the instances
	}
	return showsNotEjected
}

// includes reports whether the slot gets calls of its tier, which is that of the plan.
func (p *plan) includes(s *slot) bool {
	switch {
	case !s.ready || s.dropped:
		return false
	case p.shows == showsAll:
		return true
	case s.health.down:
		return false
	case p.shows == showsFit:
		return !s.eject.failing
	case p.shows == showsNotEjected:
		return !s.eject.ejected
	}
	return true
}

// sameSlots reports whether the plans show the same slots.
func (p plan) sameSlots(other plan) bool { return p.tier == other.tier && p.shows == other.shows }
