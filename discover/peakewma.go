package discover

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

const (
	// ewmaWindow is the time in which what was measured loses all but 1/e of
	// its part in the mean.
	ewmaWindow = 5 * time.Second
	// unknownCost keeps a member that has calls in flight and has not answered
	// one yet behind all others.
	unknownCost = float64(time.Hour)
	// failureFactor is how much slower than it was a member counts that failed.
	failureFactor = 2
	// excuseFactor is how much slower than others a member counts that answered with an
	// error of the caller.
	excuseFactor = 1.1
	// maxExcuse bounds how much slower than is usual the others count for that.
	maxExcuse = 1.5
	// maxCost bounds what failures make of it.
	maxCost = float64(time.Minute)
	// longestPenalty bounds the retry-after of an instance.
	longestPenalty = time.Minute
	// shortAge is up to where a straight line is close to the curve.
	shortAge = uint64(ewmaWindow / 64)
	// tinyAge is how much time must have passed for a call that is not a peak to be
	// written down, which is expensive when cores share instances. Sooner, it would
	// change the mean by less than a thousandth. The next call that is written down has
	// the weight of all of that time. See decision 83.
	tinyAge = uint64(ewmaWindow / 1024)
)

// PeakEWMA returns the default [Balancer]: it takes two members at random and
// picks the one with the lower load: its latency, multiplied by the calls that
// would be in flight for its weight. Where weights differ, a member is taken as
// often as its weight says. The latency of an operation's calls at a member is a
// mean, weighted exponentially with a window of 5 s, that follows each peak at
// once and forgets it slowly, as in Twitter's Finagle. A member that nothing is
// known of gets one call at first.
//
// A failure of the server counts as twice the latency so far, and at least as twice the
// usual latency of successes, or a member that fails fast would attract calls. So does a
// call that a limit of the server rejected. If the error has a retry-after, that latency
// is not forgotten before then, or before a success, for a minute at most. An error of the
// caller, such as INVALID_ARGUMENT or NOT_FOUND, counts as a call of the usual latency if
// the member looks faster than that. The time of a call that was cancelled, or ended too
// soon by its caller's deadline ([FairTime]), is a lower bound of its latency, so that a
// hung member does not look fast because its callers give up.
func PeakEWMA() Balancer { return tableBalancer(newPeakEWMA) }

func newPeakEWMA(t table) Picker {
	p := &peakEWMA{newPairs(t), t.usual}
	if p.usual == nil {
		p.usual = &usual{}
	}
	return p
}

type peakEWMA struct {
	pairs
	usual *usual
}

// epoch is the zero of the clock of those who call the Picker themselves. A pool
// has its own.
var epoch = time.Now()

// Pick makes a reading of the clock, as Done does; a pool uses choose and doneAt.
func (p *peakEWMA) Pick(context.Context) int {
	place, _ := p.choose(int64(time.Since(epoch)))
	return place
}

// Done is for a user's Picker around this one; a pool uses doneAt.
func (p *peakEWMA) Done(m *Member, elapsed time.Duration, err error) {
	now := int64(time.Since(epoch))
	p.doneAt(m, now-int64(elapsed), now, outcomeOf(err, mark.FairTime, endpoint.ServerFault), err)
}

func (p *peakEWMA) choose(now int64) (int, *seat) {
	a, b := p.draw()
	atA, atB := p.table.at(a), p.table.at(b)
	if p.loadAt(now, atB) < p.loadAt(now, atA) {
		return b, atB
	}
	return a, atA
}

// loadAt is what a call at this time is expected to cost the member of a seat.
func (p *peakEWMA) loadAt(now int64, at *seat) float64 {
	h := at.host // not by the member: each may be in no cache
	cost := at.member.costAt(now)
	pending := h.pending()
	if cost == 0 && pending > 0 {
		cost = unknownCost
	}
	if p.weights == nil {
		return cost * (float64(pending)*p.share + 1)
	}
	return cost * (h.busyness() + 1)
}

// costAt is the latency as it counts at this time: what was measured long ago
// counts less, so that a member that was slow is tried again.
func (m *Member) costAt(now int64) float64 {
	return math.Float64frombits(m.cost.Load()) * decay(now-m.stamp.Load())
}

// decay is the part that a measurement keeps after so many nanoseconds.
func decay(age int64) float64 {
	if uint64(age) < shortAge {
		return 1 - float64(age)*(1/float64(ewmaWindow)) // short by less than 1/8000
	}
	return longDecay(age)
}

// longDecay is on its own so that decay is inlined.
//
//go:noinline
func longDecay(age int64) float64 { return math.Exp(-float64(max(age, 0)) / float64(ewmaWindow)) }

// See decision 49.
func (p *peakEWMA) doneAt(m *Member, start, now int64, o outcome, err error) {
	cost := m.costAt(now)
	sample := max(float64(now-start), 1)
	switch o {
	case answered:
		p.usual.note(now, sample)
	case failed, turnedAway:
		m.penalize(now, min(max(sample, cost, p.usual.get())*failureFactor, maxCost), err)
		return
	case neutral:
		p.excuse(m, now, cost)
		return
	case cutOff:
		if sample <= cost {
			return // it could have taken longer, and says nothing
		}
	}
	if sample < cost {
		age := now - m.stamp.Load()
		if uint64(age) < tinyAge {
			return
		}
		keep := decay(age)
		sample = math.Float64frombits(m.cost.Load())*keep + sample*(1-keep)
	}
	m.cost.Store(math.Float64bits(sample))
	m.stamp.Store(now)
}

// penalize sets the latency of a member that failed. It is kept until the retry-after of
// the error, since a stamp of the future does not age. See decision 159.
func (m *Member) penalize(now int64, cost float64, err error) {
	until := now + int64(min(endpoint.ErrorOf(err).RetryAfter(), longestPenalty))
	m.cost.Store(math.Float64bits(cost))
	m.stamp.Store(max(until, m.stamp.Load()))
}

// excuse records an error of the caller, whose latency says nothing about the member. It
// counts as a little more than calls take elsewhere, if the member looks faster than that.
// Otherwise a member that answers nothing else would attract calls, at the latest once all
// that was known of it is forgotten.
func (p *peakEWMA) excuse(m *Member, now int64, cost float64) {
	usual := p.usual.get()
	elsewhere := p.table.at(rand.IntN(p.table.n)).member.costAt(now)
	if sample := excuseFactor * min(max(usual, elsewhere), maxExcuse*usual); sample > cost {
		m.cost.Store(math.Float64bits(sample))
		m.stamp.Store(now)
	}
}
