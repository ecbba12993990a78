package observe

import (
	"cmp"
	"context"
	"encoding/json/v2"
	"expvar"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// An Expvar publishes figures of calls in an expvar.Map. Each operation has an
// entry, named by its side, its transport and itself:
//
//	"server http Profiles.Get": {
//	  "calls": 12, "in_flight": 1, "codes": {"NOT_FOUND": 2, "OK": 10},
//	  "duration_seconds": {"sum": 0.12, "le": {"0.005": 9, "0.01": 11, "+Inf": 12}},
//	  "request_bytes": 0, "response_bytes": 5120}
//
// The buckets are cumulative; those that add nothing to the one before are left
// out. "events" counts those of [Expvar.Event]; "gauges" are those of
// [Expvar.Watch]. An entry appears with the first call and costs 300 bytes; a
// call costs a few atomic adds.
//
// An Expvar is a layer itself and a [Part] of [New]. The zero Expvar refuses every
// call; make one with [NewExpvar]. An Expvar is safe for concurrent use.
type Expvar struct {
	*Telemetry
	out    *expvar.Map
	events *expvar.Map
	registry
}

// NewExpvar returns an Expvar that publishes in m, which is the user's: nothing
// is registered globally. A nil m is a fault.
//
//	calls := observe.NewExpvar(expvar.NewMap("calls"))
func NewExpvar(m *expvar.Map) *Expvar {
	x := &Expvar{events: new(expvar.Map)}
	faults := construct.By("observe: NewExpvar")
	faults.Check(m != nil, "the map is nil")
	x.out = cmp.Or(m, new(expvar.Map))
	x.Telemetry = Alone(x, faults.Err())
	return x
}

// Err returns the faults of the construction, or nil.
func (x *Expvar) Err() error {
	if x == nil || x.Telemetry == nil {
		return construct.Unmade("observe: Expvar", "NewExpvar")
	}
	return x.Telemetry.Err()
}

// Wrap returns next counted by x alone. Req and Resp are those of next.
func (x *Expvar) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{x}.Wrap(next)
}

// Observe is for [New].
func (x *Expvar) Observe(op *endpoint.Operation) Observer {
	if x.out == nil {
		return nil // its layer refuses each call
	}
	return &counter{op: op, series: x.series}
}

func (x *Expvar) series(key seriesKey) *figures {
	f, fresh := x.of(key)
	if fresh {
		name := key.sideName() + " "
		if key.transport != "" {
			name += key.transport + " "
		}
		x.out.Set(name+cmp.Or(f.operation, "unknown"), expvarFigures{f})
	}
	return f
}

// Event counts an event as "SOURCE.KIND", with " NAME" if there is one. It is
// meant for options such as OnEvent.
func (x *Expvar) Event(_ context.Context, e endpoint.Event) {
	if x.out == nil {
		return
	}
	name := e.Source + "." + e.Kind
	if e.Name != "" {
		name += " " + e.Name
	}
	x.events.Add(name, 1)
	if x.out.Get("events") == nil {
		x.out.Set("events", x.events)
	}
}

// Watch publishes gauges, which are read whenever the map is. It replaces those of
// an earlier Watch. Nil sources are skipped, and so are gauges that are NaN or infinite,
// which JSON cannot hold.
//
//	calls.Watch(breaker.Gauges, slo.Gauges)
func (x *Expvar) Watch(sources ...iter.Seq[endpoint.Gauge]) {
	if x.out == nil {
		return
	}
	sources = watched(sources)
	x.out.Set("gauges", expvar.Func(func() any {
		list := []expvarGauge{}
		for _, gauges := range sources {
			for g := range gauges {
				if isFinite(g.Value) {
					list = append(list, gaugeOf(g))
				}
			}
		}
		return list
	}))
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// watched returns a copy of the sources that are not nil.
func watched(sources []iter.Seq[endpoint.Gauge]) []iter.Seq[endpoint.Gauge] {
	return slices.DeleteFunc(slices.Clone(sources), func(s iter.Seq[endpoint.Gauge]) bool { return s == nil })
}

type expvarGauge struct {
	Metric    string  `json:"metric"`
	Name      string  `json:"name,omitempty"`
	Operation string  `json:"operation,omitempty"`
	Detail    string  `json:"detail,omitempty"`
	Value     float64 `json:"value"`
}

func gaugeOf(g endpoint.Gauge) expvarGauge {
	e := expvarGauge{Metric: g.Source + "." + g.Metric, Name: g.Name, Detail: g.Detail, Value: g.Value}
	if g.Operation != nil {
		e.Operation = operationName(g.Operation)
	}
	return e
}

// expvarFigures is an expvar.Var.
type expvarFigures struct{ *figures }

func (f expvarFigures) String() string {
	type durations struct {
		Sum float64          `json:"sum"`
		Le  map[string]int64 `json:"le"`
	}
	type entry struct {
		Calls         int64            `json:"calls"`
		InFlight      int64            `json:"in_flight"`
		Codes         map[string]int64 `json:"codes"`
		Duration      durations        `json:"duration_seconds"`
		RequestBytes  int64            `json:"request_bytes"`
		ResponseBytes int64            `json:"response_bytes"`
	}
	e := entry{
		InFlight: f.inFlight(), Codes: map[string]int64{},
		Duration:     durations{Sum: float64(f.nanos.Load()) / 1e9, Le: map[string]int64{}},
		RequestBytes: f.requestBytes.Load(), ResponseBytes: f.responseBytes.Load(),
	}
	for c := range f.codes {
		if n := f.codes[c].Load(); n > 0 {
			e.Codes[endpoint.Code(c).String()] = n //nolint:gosec // there are seventeen
			e.Calls += n
		}
	}
	sum := int64(0)
	for i := range f.buckets {
		if n := f.buckets[i].Load(); n > 0 {
			sum += n
			e.Duration.Le[bucketName(i)] = sum
		}
	}
	e.Duration.Le["+Inf"] = sum
	b, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return "null"
	}
	return string(b)
}

func bucketName(i int) string {
	if i == len(bucketEnds) {
		return "+Inf"
	}
	return strconv.FormatFloat(bucketEnds[i].Seconds(), 'g', -1, 64)
}
