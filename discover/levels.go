package discover

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// levels spread the calls of one operation over the levels of the board. They never
// change. See decision 150.
type levels struct {
	spread              // over the first level
	rest   []spread     // over the others
	upTo   []float64    // the sums of the shares up to each level; nil if the first gets all calls
	probe  *atomic.Bool // a call is due at the level probed, where instances are on probation
	probed int
}

// share sets the fraction of the calls that each level gets.
func (ls *levels) share(all []*level) {
	if all[0].share == 1 {
		return
	}
	ls.upTo = make([]float64, len(all))
	sum := 0.0
	for i, l := range all {
		sum += l.share
		ls.upTo[i] = sum
		if l.onProbation && ls.probe == nil {
			ls.probed, ls.probe = i, new(atomic.Bool)
			ls.probe.Store(true)
		}
	}
}

// at returns the spread over a level.
func (ls *levels) at(level int) *spread {
	if level == 0 {
		return &ls.spread
	}
	return &ls.rest[level-1]
}

// of returns the spread whose picker observes the calls of the member.
func (ls *levels) of(m *Member) *spread {
	if n := int(m.host.number.Load()); ls.timed == nil && 0 < n && n <= len(ls.rest) {
		return ls.at(n)
	}
	return &ls.spread
}

// draw returns a random level, weighted by the shares. The first call returns the level on
// probation, if there is one.
func (ls *levels) draw() int {
	if ls.probe != nil && ls.probe.CompareAndSwap(true, false) {
		return ls.probed
	}
	x := rand.Float64()
	for i, sum := range ls.upTo {
		if x < sum {
			return i
		}
	}
	return 0
}

// attemptsOfTier is how many attempts of a call go to the first tier, while another one has
// an instance. See decision 150.
const attemptsOfTier = 2

// try notes that the attempt goes to the seat at a place of a level, or, if it is a retry
// that should go elsewhere, to another one. It returns where it goes.
func (ls *levels) try(a *endpoint.Attempt, c *core, level, place int, at *seat) (int, int, *seat) {
	if a.Number() > 1 {
		level, place, at = ls.retry(a, c, level, place, at)
	}
	a.Try(c, uint64(at.host.id))
	return level, place, at
}

// retry returns a seat that the call has not tried yet: of this level, else of the next
// one, and only if there is no other, one of an instance that is doubtful. If the call has
// tried all, it returns the given one.
func (ls *levels) retry(a *endpoint.Attempt, c *core, level, place int, at *seat) (int, int, *seat) {
	n := len(ls.rest) + 1
	from := level
	if from == 0 && n > 1 && a.Number() > attemptsOfTier {
		from = 1
	}
	for _, doubtful := range []bool{false, true} {
		want := func(h *host) bool {
			return !a.Tried(c, uint64(h.id)) && (doubtful || !c.isDoubtful(h))
		}
		if from == level && want(at.host) {
			return level, place, at
		}
		for k := range n {
			i := (from + k) % n
			if place, at := ls.at(i).find(c, want); at != nil {
				return i, place, at
			}
		}
	}
	return level, place, at
}
