package figures

import (
	"time"

	"github.com/typedkit/endpoint"
)

// A Snapshot has the figures of one operation at one time.
type Snapshot struct {
	// InFlight is how many calls have begun and not ended.
	InFlight uint64
	// Total has all calls that ended.
	Total Sum
	// Codes are the codes of these calls that occurred, in their order.
	Codes []CodeCount
	// Minute has the calls that ended in the last minute, and Covered is how long that
	// is: a minute at most, less in the first one.
	Minute  Sum
	Covered time.Duration
	// Series has the last 60 seconds, the oldest first. The last one is not over.
	Series [seconds]Second
	// P99 has the 99th percentile of each twelfth of these seconds, 0 without calls.
	P99 [seconds / Span]time.Duration
}

// Span is how many seconds of [Snapshot.Series] one member of [Snapshot.P99] is about.
const Span = 5

// A Sum has the calls that ended within a time.
type Sum struct {
	Calls uint64
	// ServerFaults are those that failed by the fault of their server, CallerFaults all
	// others that failed.
	ServerFaults, CallerFaults uint64
	// The percentiles of the durations, 0 without calls.
	P50, P90, P99 time.Duration
}

// A CodeCount is how many calls ended with a code.
type CodeCount struct {
	Code  endpoint.Code
	Calls uint64
}

// A Second has the calls that ended within one second.
type Second struct{ Calls, ServerFaults, CallerFaults uint64 }

// Snapshot returns the figures of o at the time now, a reading of [Set.Now].
func (o *Operation) Snapshot(now time.Duration) Snapshot {
	s := Snapshot{Covered: min(now, (seconds-1)*time.Second+now%time.Second)}
	o.readCodes(&s)
	s.Total.setDurations(o.took.read())
	s.Total.ServerFaults, s.Total.CallerFaults = o.faults[ServerFault].Load(), o.faults[CallerFault].Load()
	o.readWindow(&s, secondOf(now))
	return s
}

func (o *Operation) readCodes(s *Snapshot) {
	ended := uint64(0)
	for c := range o.codes {
		if n := o.codes[c].Load(); n > 0 {
			ended += n
			s.Codes = append(s.Codes, CodeCount{endpoint.Code(c), n}) //nolint:gosec // an index of codes
		}
	}
	s.InFlight = o.begun.Load() - ended // read last: it is not below the others
}

func (o *Operation) readWindow(s *Snapshot, second int64) {
	var minute counts
	var spans [len(s.P99)]counts
	o.window.read(second, func(place int, slot *slot) {
		var one counts
		slot.took.addTo(&one)
		for i, n := range one {
			minute[i] += n
			spans[place/Span][i] += n
		}
		at := Second{one.calls(), uint64(slot.faults[ServerFault].Load()), uint64(slot.faults[CallerFault].Load())}
		s.Series[place] = at
		s.Minute.ServerFaults += at.ServerFaults
		s.Minute.CallerFaults += at.CallerFaults
	})
	s.Minute.setDurations(&minute)
	for i := range spans {
		s.P99[i] = spans[i].quantile(0.99)
	}
}

func (s *Sum) setDurations(took *counts) {
	s.Calls = took.calls()
	s.P50, s.P90, s.P99 = took.quantile(0.5), took.quantile(0.9), took.quantile(0.99)
}
