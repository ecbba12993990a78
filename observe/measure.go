package observe

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/outcome"
)

// measure counts the calls of one operation.
type measure struct {
	op        *endpoint.Operation
	objective Objective
	start     time.Time
	fair      time.Duration

	side                       atomic.Uint32
	total, bad, measured, slow atomic.Uint64
	next                       atomic.Int64 // the age of the process at which the next mark is due

	mu           sync.Mutex // guards the fields below
	fine, coarse history
}

func (m *measure) Begin(context.Context, *Observation) (context.Context, endpoint.Token) {
	return nil, endpoint.Token{}
}

func (m *measure) End(_ context.Context, _ endpoint.Token, o *Observation) {
	if m.side.Load() == 0 {
		m.side.Store(uint32(o.Call.Side()))
	}
	b := blameFor(o, m.fair)
	if b == outcome.Unknown {
		return
	}
	if now := o.Start().Add(o.Duration).Sub(m.start); int64(now) >= m.next.Load() {
		m.advance(now)
	}
	m.total.Add(1)
	if b == outcome.Fault {
		m.bad.Add(1)
	}
	if o.Err != nil || m.objective.Latency == 0 || o.Operation.Streams&endpoint.ClientStream != 0 {
		return
	}
	m.measured.Add(1)
	took := o.Duration
	if o.FirstItem > 0 {
		took = o.FirstItem
	}
	if took > m.objective.Latency {
		m.slow.Add(1)
	}
}

// advance marks what has passed. Calls that end at the turn of a step while
// another marks it may count for either side of it.
func (m *measure) advance(now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mark(now)
}

func (m *measure) mark(now time.Duration) tally {
	// The parts before the whole: no ratio is above 1.
	t := tally{bad: m.bad.Load(), slow: m.slow.Load()}
	t.total, t.measured = m.total.Load(), m.measured.Load()
	m.fine.advance(now, t)
	m.coarse.advance(now, t)
	m.next.Store((m.fine.last + 1) * int64(m.fine.step))
	return t
}

func (m *measure) status(now time.Duration) SLOStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.mark(now)
	s := SLOStatus{
		Operation: m.op, Objective: m.objective,
		Side:         endpoint.Side(m.side.Load()), //nolint:gosec // stored from a Side
		Availability: SLI{Objective: m.objective.Availability, Total: t.total, Bad: t.bad},
		Latency:      SLI{Objective: m.objective.LatencyRatio, Total: t.measured, Bad: t.slow},
	}
	for _, w := range BurnWindows() {
		long, short := m.window(now, w.Long, t), m.window(now, w.Short, t)
		s.Availability.burn(w, burnRate(long.bad, long.total, s.Objective.Availability), burnRate(short.bad, short.total, s.Objective.Availability))
		s.Latency.burn(w, burnRate(long.slow, long.measured, s.Objective.LatencyRatio), burnRate(short.slow, short.measured, s.Objective.LatencyRatio))
	}
	return s
}

// window returns what was counted in the last time.
func (m *measure) window(now, window time.Duration, t tally) tally {
	h := &m.coarse
	if window <= time.Hour {
		h = &m.fine
	}
	return t.minus(h.before(now, window))
}

func (i *SLI) burn(w BurnWindow, long, short float64) {
	if i.Objective > 0 {
		i.Burn = append(i.Burn, BurnRate{BurnWindow: w, LongRate: long, ShortRate: short})
	}
}

// burnRate is how many times faster than allowed the calls were bad.
func burnRate(bad, total uint64, objective float64) float64 {
	if total == 0 || objective == 0 {
		return 0
	}
	// A call that is counted while the figures are read may be in one only.
	rate := min(1, float64(bad)/float64(total)) / (1 - objective)
	return math.Round(rate*1e9) / 1e9 // 1-0.999 is not 0.001
}
