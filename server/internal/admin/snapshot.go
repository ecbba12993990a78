package admin

import (
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/figures"
)

const (
	// maxGauges is how many gauges are sent, beside those of pools and objectives.
	maxGauges = 1000
	// maxCalls is how many of the recent calls are sent.
	maxCalls = 50
	// maxAge is how old a snapshot may be for another reader.
	maxAge = interval / 2
)

// A Snapshot is an item of the stream: all that the page shows.
type Snapshot struct {
	Server    string     `json:"server"`
	State     string     `json:"state"`
	Start     time.Time  `json:"start"`
	Now       time.Time  `json:"now"`
	Build     Build      `json:"build"`
	Listeners []Listener `json:"listeners"`
	// Served has the figures of all operations that are served, as if they were one, and
	// Series their calls of the last 60 seconds, the oldest first.
	Served    Live      `json:"served"`
	Series    []Second  `json:"series"`
	Endpoints []Live    `json:"endpoints"`
	Promises  []Promise `json:"objectives"`
	Gauges    []Gauge   `json:"gauges"`
	Pools     []Pool    `json:"pools"`
	Checks    []Check   `json:"checks"`
	Calls     []Call    `json:"calls"`
	Events    []Event   `json:"events"`
}

// A Second has the calls that ended in one second.
type Second struct {
	Calls        uint64 `json:"calls"`
	ServerFaults uint64 `json:"serverFaults"`
	CallerFaults uint64 `json:"callerFaults"`
}

// A Live has the figures of an operation.
type Live struct {
	Description
	InFlight uint64  `json:"inFlight"`
	Calls    uint64  `json:"calls"` // since the start
	Rate     float64 `json:"rate"`  // calls a second, in the last complete seconds
	Minute   Sum     `json:"minute"`
	// P99 has the 99th percentile of each twelfth of the last minute, in seconds.
	P99 []float64 `json:"p99Seconds"`
}

// A Gauge is an endpoint.Gauge.
type Gauge struct {
	Source    string  `json:"source"`
	Name      string  `json:"name,omitzero"`
	Operation string  `json:"operation,omitzero"`
	Detail    string  `json:"detail,omitzero"`
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
}

// A Call is a recent call that failed or was slow.
type Call struct {
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Operation string    `json:"operation"`
	Side      string    `json:"side,omitzero"`
	Transport string    `json:"transport,omitzero"`
	Took      float64   `json:"tookSeconds"`
	Code      string    `json:"code"`
	Domain    string    `json:"domain,omitzero"`
	Reason    string    `json:"reason,omitzero"`
	TraceID   string    `json:"traceId,omitzero"`
	TraceURL  string    `json:"traceUrl,omitzero"`
	RequestID string    `json:"requestId,omitzero"`
}

// views makes what the pages show of a source.
type views struct {
	source *Source
	build  Build

	mu    sync.Mutex // guards the fields below; held while a snapshot is made
	last  *Snapshot
	taken time.Time
}

// snapshot returns a snapshot that nobody changes. Readers that come at the same time
// share one, so that many of them cost what one costs.
func (v *views) snapshot() *Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil || time.Since(v.taken) >= maxAge {
		v.last, v.taken = v.take(), time.Now()
	}
	return v.last
}

func (v *views) take() *Snapshot {
	src := v.source
	s := &Snapshot{
		Server: src.Name, State: src.State(), Start: src.Start.UTC(), Now: time.Now().UTC(), Build: v.build,
		Listeners: []Listener{}, Checks: []Check{}, Events: []Event{},
		Promises: promises(src.objectives()),
	}
	if src.Listeners != nil {
		s.Listeners = append(s.Listeners, src.Listeners()...)
	}
	if src.Checks != nil {
		s.Checks = append(s.Checks, src.Checks()...)
	}
	if src.Events != nil {
		s.Events = src.Events.All()
	}
	s.setFigures(src.Figures, src.Traces)
	s.setGauges(src.Gauges)
	return s
}

func (src *Source) objectives() []observe.SLOStatus {
	if src.Objectives == nil {
		return nil
	}
	return src.Objectives()
}

// setFigures sets what was counted.
func (s *Snapshot) setFigures(set *figures.Set, traces Traces) {
	now := set.Now()
	s.Endpoints, s.Calls = []Live{}, []Call{}
	for _, o := range set.Operations() {
		s.Endpoints = append(s.Endpoints, liveOf(o.Operation(), o.Snapshot(now)))
	}
	served := set.Sum(now, func(op *endpoint.Operation) bool { return op.Side == endpoint.ServerSide })
	s.Served = liveOf(&endpoint.Operation{Name: "all", Side: endpoint.ServerSide}, served)
	for _, second := range served.Series {
		s.Series = append(s.Series, Second(second))
	}
	recent := set.Recent()
	for _, c := range recent[:min(len(recent), maxCalls)] {
		s.Calls = append(s.Calls, callOf(c, traces))
	}
}

// rateOver is how many complete seconds the rate is about.
const rateOver = 5

func liveOf(op *endpoint.Operation, f figures.Snapshot) Live {
	l := Live{Description: describe(op), InFlight: f.InFlight, Calls: f.Total.Calls, Minute: sumOf(f.Minute)}
	for _, p := range f.P99 {
		l.P99 = append(l.P99, p.Seconds())
	}
	complete := f.Series[:len(f.Series)-1]
	seconds := min(rateOver, int(f.Covered/time.Second))
	for _, second := range complete[len(complete)-seconds:] {
		l.Rate += float64(second.Calls) / float64(seconds)
	}
	return l
}

func callOf(c figures.Call, traces Traces) Call {
	return Call{
		At: c.At.UTC(), Kind: c.Kind.String(), Operation: nameOf(c.Operation), Side: c.Operation.Side.String(),
		Transport: c.Operation.Transport, Took: c.Took.Seconds(), Code: c.Code.String(), Domain: c.Domain, Reason: c.Reason,
		TraceID: c.TraceID, TraceURL: traces.of(c.TraceID), RequestID: c.RequestID,
	}
}

// setGauges sets the pools and the other gauges. Objectives are shown as such.
func (s *Snapshot) setGauges(gauges func(yield func(endpoint.Gauge) bool)) {
	ps := pools{}
	s.Gauges = []Gauge{}
	if gauges == nil {
		gauges = func(func(endpoint.Gauge) bool) {}
	}
	for g := range gauges {
		switch {
		case g.Source == "pool":
			ps.add(g)
		case g.Source != "slo" && len(s.Gauges) < maxGauges && isFinite(g.Value):
			s.Gauges = append(s.Gauges, Gauge{g.Source, g.Name, nameOf(g.Operation), short(g.Detail), g.Metric, g.Value})
		}
	}
	s.Pools = ps.all()
}

// isFinite reports whether JSON has a form for v.
func isFinite(v float64) bool { return v-v == 0 }
