package admin

import (
	"encoding/json/v2"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// A List is the document at /endpoints.
type List struct {
	Server    string     `json:"server"`
	State     string     `json:"state"`
	Start     time.Time  `json:"start"`
	Now       time.Time  `json:"now"`
	Build     Build      `json:"build"`
	Endpoints []Endpoint `json:"endpoints"`
}

// An Endpoint is one operation: what is declared of it, what was promised and what was
// measured.
type Endpoint struct {
	Description
	Doc       string            `json:"doc,omitzero"`
	Errors    []DeclaredError   `json:"errors,omitempty"`
	Objective *Objective        `json:"objective,omitzero"`
	Total     Sum               `json:"total"`
	Codes     map[string]uint64 `json:"codes,omitempty"`
	Minute    Sum               `json:"minute"`
	Seconds   float64           `json:"minuteSeconds"`
	InFlight  uint64            `json:"inFlight"`
}

// A Description names an operation.
type Description struct {
	Service    string `json:"service,omitzero"`
	Name       string `json:"name"`
	Side       string `json:"side,omitzero"`
	Transport  string `json:"transport,omitzero"`
	Method     string `json:"method,omitzero"`
	Path       string `json:"path,omitzero"`
	Idempotent bool   `json:"idempotent"`
	Streams    string `json:"streams"`
	Unrouted   bool   `json:"unrouted,omitzero"`
}

// A DeclaredError is an error that an operation declares.
type DeclaredError struct {
	Code   string `json:"code"`
	Domain string `json:"domain,omitzero"`
	Reason string `json:"reason,omitzero"`
}

// An Objective is what was promised for an operation. A part that is zero was not.
type Objective struct {
	Availability float64 `json:"availability,omitzero"`
	Latency      float64 `json:"latencySeconds,omitzero"`
	LatencyRatio float64 `json:"latencyRatio,omitzero"`
}

// A Sum has the calls that ended within a time. The percentiles are in seconds.
type Sum struct {
	Calls        uint64  `json:"calls"`
	ServerFaults uint64  `json:"serverFaults"`
	CallerFaults uint64  `json:"callerFaults"`
	P50          float64 `json:"p50Seconds"`
	P90          float64 `json:"p90Seconds"`
	P99          float64 `json:"p99Seconds"`
}

func sumOf(s figures.Sum) Sum {
	return Sum{s.Calls, s.ServerFaults, s.CallerFaults, s.P50.Seconds(), s.P90.Seconds(), s.P99.Seconds()}
}

// describe returns the description of op. Requests that no route matches have no single
// method.
func describe(op *endpoint.Operation) Description {
	if op.Unrouted {
		return Description{Name: nameOf(op), Side: op.Side.String(), Transport: op.Transport, Streams: op.Streams.String(), Unrouted: true}
	}
	return Description{
		Service: op.Service, Name: op.Name, Side: op.Side.String(), Transport: op.Transport, Method: op.Method,
		Path: op.Pattern, Idempotent: op.Idempotent, Streams: op.Streams.String(),
	}
}

// series tells apart what objectives are about.
type series struct {
	service, name, transport string
	side                     endpoint.Side
}

// objectives returns what was promised, by series. Of several promises for the same one,
// the first counts.
func objectives(statuses []observe.SLOStatus) map[series]*Objective {
	all := make(map[series]*Objective)
	for _, st := range statuses {
		op, o := st.Operation, st.Objective
		k := series{op.Service, op.Name, op.Transport, op.Side}
		if all[k] == nil {
			all[k] = &Objective{o.Availability, o.Latency.Seconds(), o.LatencyRatio}
		}
	}
	return all
}

// list returns the document.
func (v *views) list() *List {
	src := v.source
	now := src.Figures.Now()
	l := &List{
		Server: src.Name, State: src.State(), Start: src.Start.UTC(), Now: time.Now().UTC(), Build: v.build,
		Endpoints: []Endpoint{},
	}
	promised := objectives(src.objectives())
	for _, o := range src.Figures.Operations() {
		op := o.Operation()
		e := endpointOf(op, o.Snapshot(now))
		e.Objective = promised[series{op.Service, op.Name, op.Transport, op.Side}]
		l.Endpoints = append(l.Endpoints, e)
	}
	return l
}

func endpointOf(op *endpoint.Operation, s figures.Snapshot) Endpoint {
	e := Endpoint{
		Description: describe(op), Doc: op.Doc, Total: sumOf(s.Total), Minute: sumOf(s.Minute),
		Seconds: s.Covered.Seconds(), InFlight: s.InFlight, Codes: make(map[string]uint64),
	}
	for _, d := range op.Fails {
		e.Errors = append(e.Errors, DeclaredError{d.Code().String(), d.Domain(), d.Reason()})
	}
	for _, c := range s.Codes {
		e.Codes[c.Code.String()] = c.Calls
	}
	return e
}

func (v *views) serveEndpoints(w http.ResponseWriter, _ *http.Request) {
	text, err := json.Marshal(v.list(), json.Deterministic(true))
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}
