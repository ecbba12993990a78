package observe

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// An Objective is what a service promises for an operation. A part that is zero
// is not promised.
type Objective struct {
	// Availability is the ratio of calls that are not the server's fault, such
	// as 0.999.
	Availability float64
	// Latency is the time within which LatencyRatio of the successful calls
	// have their answer, a response stream its first item. It is not measured
	// where the request is a stream, whose pace is the caller's.
	Latency      time.Duration
	LatencyRatio float64
}

// A BurnWindow is one alert on the burn rate of an error budget: the rate is at
// least Factor both over Long and over Short, which ends the alert soon after
// the fault.
type BurnWindow struct {
	Long, Short time.Duration
	Factor      float64
}

// BurnWindows returns the alerts that chapter 5 of Google's SRE workbook
// recommends for a budget of 30 days: 1 h and 5 min at 14.4, which is 2 % of the
// budget in an hour, 6 h and 30 min at 6, which is 5 % in six hours, and 3 days
// and 6 h at 1, which is 10 % in three days. The first two page, the third makes
// a ticket.
func BurnWindows() []BurnWindow {
	return []BurnWindow{
		{Long: time.Hour, Short: 5 * time.Minute, Factor: 14.4},
		{Long: 6 * time.Hour, Short: 30 * time.Minute, Factor: 6},
		{Long: 72 * time.Hour, Short: 6 * time.Hour, Factor: 1},
	}
}

// An SLO counts calls against an [Objective] and tells how fast the error budget
// burns. A call is bad when the server is to blame: on a server by what goes out,
// Unknown, DeadlineExceeded, Internal, Unavailable (also load that a policy shed)
// and DataLoss, unless the status is one between 400 and 499; elsewhere by
// [endpoint.ServerFault]. Four kinds of calls are not counted: those whose caller gave
// up, those that a policy of a client refused, those that no route matches, and those
// that ended with a deadline from over a wire before they had a fair time
// ([FairTime]).
//
// The windows move in steps, of half a minute up to an hour and of ten minutes
// above: one covers its length and up to a step more. A process that is younger
// than a window tells what it has seen. For each operation an SLO holds 18 kB
// and counts by atomic adds.
//
// An SLO is a layer itself and a [Part] of [New]. The zero SLO refuses every call
// and has no status; make one with [NewSLO]. An SLO is safe for concurrent use.
type SLO struct {
	*Telemetry
	objective Objective
	others    []otherObjective
	start     time.Time
	fair      time.Duration
	faults    construct.Faults

	mu       sync.Mutex // guards the field below
	measures []*measure
}

type otherObjective struct {
	match     func(*endpoint.Operation) bool
	objective Objective
}

// An SLOOption is an option of [NewSLO].
type SLOOption interface{ applySLO(s *SLO) }

type sloOption func(*SLO)

func (o sloOption) applySLO(s *SLO) { o(s) }

// Promise sets the objective of the operations that match. The first that
// matches counts; an empty objective leaves the operations out. The default is
// one objective for all.
func Promise(match func(*endpoint.Operation) bool, o Objective) SLOOption {
	return sloOption(func(s *SLO) {
		s.check(o)
		if s.faults.Check(match != nil, "Promise: match is nil") {
			s.others = append(s.others, otherObjective{match, o})
		}
	})
}

// NewSLO returns an SLO with this objective for every operation. A ratio must be
// above 0 and below 1, and a latency needs its ratio.
func NewSLO(o Objective, opts ...SLOOption) *SLO {
	s := &SLO{objective: o, start: time.Now(), fair: mark.FairTime, faults: construct.By("observe: NewSLO")}
	s.check(o)
	construct.Options(&s.faults, s, opts, SLOOption.applySLO)
	s.Telemetry = Alone(s, s.faults.Err())
	return s
}

func (s *SLO) check(o Objective) {
	isRatio := func(r float64) bool { return r >= 0 && r < 1 } // 0 is none
	s.faults.Check(isRatio(o.Availability), "Availability %v is not between 0 and 1", o.Availability)
	s.faults.Check(isRatio(o.LatencyRatio), "LatencyRatio %v is not between 0 and 1", o.LatencyRatio)
	s.faults.Check(o.Latency >= 0 && (o.Latency == 0) == (o.LatencyRatio == 0), "Latency %v and LatencyRatio %v do not make an objective", o.Latency, o.LatencyRatio)
}

// Err returns the faults of the construction, or nil.
func (s *SLO) Err() error {
	if s == nil || s.Telemetry == nil {
		return construct.Unmade("observe: SLO", "NewSLO")
	}
	return s.Telemetry.Err()
}

// Wrap returns next counted by s alone. Req and Resp are those of next.
func (s *SLO) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{s}.Wrap(next)
}

// Observe is for [New].
func (s *SLO) Observe(op *endpoint.Operation) Observer {
	if op.Unrouted {
		return nil
	}
	o := s.objective
	if i := slices.IndexFunc(s.others, func(p otherObjective) bool { return p.match(op) }); i >= 0 {
		o = s.others[i].objective
	}
	if o == (Objective{}) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.measures, func(m *measure) bool { return m.op == op }); i >= 0 {
		return s.measures[i] // it is part of another layer, too
	}
	m := &measure{
		op: op, objective: o, start: s.start, fair: s.fair,
		fine:   newHistory(30*time.Second, time.Hour),
		coarse: newHistory(10*time.Minute, 72*time.Hour),
	}
	m.next.Store(int64(m.fine.step))
	s.measures = append(s.measures, m)
	return m
}

// Status returns how each operation does that was mounted or called, ordered by
// service, name, transport and side.
func (s *SLO) Status() []SLOStatus {
	s.mu.Lock()
	measures := slices.Clone(s.measures)
	s.mu.Unlock()
	now := time.Since(s.start)
	all := make([]SLOStatus, len(measures))
	for i, m := range measures {
		all[i] = m.status(now)
	}
	slices.SortStableFunc(all, func(a, b SLOStatus) int {
		return cmp.Or(cmp.Compare(a.Operation.Service, b.Operation.Service), cmp.Compare(a.Operation.Name, b.Operation.Name),
			cmp.Compare(a.Operation.Transport, b.Operation.Transport), cmp.Compare(a.Side, b.Side))
	})
	return all
}

// Burning returns the operations of which a budget burns so fast that an alert
// of [BurnWindows] is due, for a health check.
func (s *SLO) Burning() []SLOStatus {
	return slices.DeleteFunc(s.Status(), func(st SLOStatus) bool {
		_, available := st.Availability.Alert()
		_, fast := st.Latency.Alert()
		return !available && !fast
	})
}

// Metadata returns what was promised and, beside it, what was measured since the
// process started, for the metadata of an instance in a registry or for a page:
// "slo.Profiles.Get.availability" "0.999", "sli.Profiles.Get.availability"
// "0.99985", "slo.Profiles.Get.latency" "0.99<100ms", "sli.Profiles.Get.latency"
// "0.995". The same operation on several transports is one; what is measured is
// left out before the first call, and so are the calls that this process makes.
func (s *SLO) Metadata() map[string]string {
	type sums struct{ availability, latency SLI }
	operations := map[string]*sums{}
	meta := map[string]string{}
	for _, st := range s.Status() {
		if st.Side == endpoint.ClientSide {
			continue
		}
		name := cmp.Or(operationName(st.Operation), "unknown")
		sum := operations[name]
		if sum == nil {
			sum = &sums{}
			operations[name] = sum
		}
		sum.availability.add(st.Availability)
		sum.latency.add(st.Latency)
		if o := st.Objective; o.Availability > 0 {
			meta["slo."+name+".availability"] = ratio(o.Availability)
			sum.availability.put(meta, "sli."+name+".availability")
		}
		if o := st.Objective; o.Latency > 0 {
			meta["slo."+name+".latency"] = ratio(o.LatencyRatio) + "<" + o.Latency.String()
			sum.latency.put(meta, "sli."+name+".latency")
		}
	}
	return meta
}

// Gauges yields the figures of [SLO.Status], for each operation and objective
// "availability" and "latency", which is the Detail:
// "objective_ratio", "good_ratio", "calls", "bad_calls", and "burn_rate" with
// the Detail "availability 1h". The Name is the side.
func (s *SLO) Gauges(yield func(endpoint.Gauge) bool) {
	for _, st := range s.Status() {
		if !st.Availability.gauges(st, "availability", yield) || !st.Latency.gauges(st, "latency", yield) {
			return
		}
	}
}

// An SLOStatus is how an operation does.
type SLOStatus struct {
	Operation *endpoint.Operation
	// Side says whether the calls are served or made; 0 before the first one.
	Side         endpoint.Side
	Objective    Objective
	Availability SLI
	Latency      SLI
}

// An SLI is what was measured for one part of an objective.
type SLI struct {
	// Objective is the ratio that was promised, 0 if none was.
	Objective float64
	// Total and Bad count since the process started.
	Total, Bad uint64
	// Burn are the rates over the windows of [BurnWindows], in their order: 1
	// is as fast as uses up the budget just at the end of its period, 0 is no
	// bad call. A window without calls burns nothing.
	Burn []BurnRate
}

// A BurnRate is the rate of one window.
type BurnRate struct {
	BurnWindow
	LongRate, ShortRate float64
}

// Good returns the ratio of good calls since the process started, 1 before the
// first call.
func (i SLI) Good() float64 {
	if i.Total == 0 {
		return 1
	}
	return float64(i.Total-i.Bad) / float64(i.Total)
}

// Alert returns the fastest of the windows whose alert is due.
func (i SLI) Alert() (BurnRate, bool) {
	for _, b := range i.Burn {
		if b.LongRate >= b.Factor && b.ShortRate >= b.Factor {
			return b, true
		}
	}
	return BurnRate{}, false
}

// See decision 66.
func (i *SLI) add(o SLI) {
	i.Total += o.Total
	i.Bad += o.Bad
}

func (i *SLI) put(meta map[string]string, key string) {
	if i.Total > 0 {
		meta[key] = ratio(i.Good())
	}
}

func (i SLI) gauges(st SLOStatus, part string, yield func(endpoint.Gauge) bool) bool {
	if i.Objective == 0 {
		return true
	}
	put := func(metric, detail string, value float64) bool {
		return yield(endpoint.Gauge{
			Source: "slo", Name: st.Side.String(), Metric: metric,
			Operation: st.Operation, Detail: detail, Value: value,
		})
	}
	if !put("objective_ratio", part, i.Objective) || !put("good_ratio", part, i.Good()) ||
		!put("calls", part, float64(i.Total)) || !put("bad_calls", part, float64(i.Bad)) {
		return false
	}
	seen := map[time.Duration]bool{} // 6 h is in two of them
	for _, b := range i.Burn {
		if !seen[b.Short] && !put("burn_rate", part+" "+windowName(b.Short), b.ShortRate) ||
			!seen[b.Long] && !put("burn_rate", part+" "+windowName(b.Long), b.LongRate) {
			return false
		}
		seen[b.Short], seen[b.Long] = true, true
	}
	return true
}

// windowName returns "3d", "6h" or "5m".
func windowName(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}

func ratio(r float64) string { return strconv.FormatFloat(r, 'g', 6, 64) }
