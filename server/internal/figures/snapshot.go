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
	var r reading
	r.add(o, now)
	return r.snapshot(now)
}

// Sum returns the figures of all operations that match, as if they were one.
func (s *Set) Sum(now time.Duration, match func(op *endpoint.Operation) bool) Snapshot {
	var r reading
	for _, o := range s.Operations() {
		if match(o.op) {
			r.add(o, now)
		}
	}
	return r.snapshot(now)
}

// A reading collects the figures of operations.
type reading struct {
	begun         uint64
	codes         [maxCode + 1]uint64
	faults        [2]uint64
	total, minute counts
	series        [seconds]Second
	spans         [seconds / Span]counts
}

// add reads the figures of o.
func (r *reading) add(o *Operation, now time.Duration) {
	for c := range o.codes {
		r.codes[c] += o.codes[c].Load()
	}
	r.begun += o.begun.Load() // read last: it is not below the codes
	for kind := range o.faults {
		r.faults[kind] += o.faults[kind].Load()
	}
	o.took.addTo(&r.total)
	o.window.read(secondOf(now), func(place int, slot *slot) {
		var one counts
		slot.took.addTo(&one)
		for i, n := range one {
			r.minute[i] += n
			r.spans[place/Span][i] += n
		}
		at := &r.series[place]
		at.Calls += one.calls()
		at.ServerFaults += uint64(slot.faults[ServerFault].Load())
		at.CallerFaults += uint64(slot.faults[CallerFault].Load())
	})
}

// snapshot returns what was read.
func (r *reading) snapshot(now time.Duration) Snapshot {
	s := Snapshot{
		InFlight: r.begun,
		Total:    sumOf(&r.total, r.faults[ServerFault], r.faults[CallerFault]),
		Covered:  min(now, (seconds-1)*time.Second+now%time.Second),
		Series:   r.series,
	}
	for c, n := range r.codes {
		if n > 0 {
			s.InFlight -= n
			s.Codes = append(s.Codes, CodeCount{endpoint.Code(c), n}) //nolint:gosec // an index of codes
		}
	}
	var server, caller uint64
	for _, second := range r.series {
		server += second.ServerFaults
		caller += second.CallerFaults
	}
	s.Minute = sumOf(&r.minute, server, caller)
	for i := range r.spans {
		s.P99[i] = r.spans[i].quantile(0.99)
	}
	return s
}

func sumOf(took *counts, server, caller uint64) Sum {
	return Sum{took.calls(), server, caller, took.quantile(0.5), took.quantile(0.9), took.quantile(0.99)}
}
