package promx

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/series"
)

// events counts events.
type events struct {
	limit int

	mu     sync.RWMutex // guards the field below
	counts map[happening]*atomic.Uint64
}

// A happening is what the labels of an event are made of.
type happening struct{ source, name, kind, service, operation string }

// Event counts an event as endpoint_events_total, with the labels source, name,
// kind, service and operation. Its detail is left out: it may be an address.
// Give it to what has events:
//
//	resilience.NewBreaker(5, resilience.OnEvent(metrics.Event))
func (m *Metrics) Event(_ context.Context, e endpoint.Event) {
	if m.Telemetry == nil {
		return
	}
	h := happening{source: e.Source, name: e.Name, kind: e.Kind}
	if e.Operation != nil {
		h.service, h.operation = e.Operation.Service, e.Operation.Name
	}
	m.events.count(h).Add(1)
}

func (s *events) count(h happening) *atomic.Uint64 {
	s.mu.RLock()
	n := s.counts[h]
	s.mu.RUnlock()
	if n != nil {
		return n
	}
	h = happening{clean(h.source), clean(h.name), clean(h.kind), clean(h.service), clean(h.operation)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[happening]*atomic.Uint64{}
	}
	if s.counts[h] == nil && len(s.counts) >= s.limit {
		h = happening{"other", "other", "other", "other", "other"}
	}
	if s.counts[h] == nil {
		s.counts[h] = new(atomic.Uint64)
	}
	return s.counts[h]
}

// Watch reads states at each scrape: of breakers, limits, pools.
//
//	metrics.Watch(breaker.Gauges, pool.Gauges)
//
// Each is a gauge endpoint_<source>_<metric>, such as endpoint_breaker_state,
// with the labels name, service, operation and detail. Other characters of the source
// and the metric become "_", and a name that belongs to a series of calls or events
// ends in "_state". Of two states with the same labels the first one counts, so name
// what there are several of.
func (m *Metrics) Watch(states ...iter.Seq[endpoint.Gauge]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range states {
		if s != nil {
			m.states = append(m.states, s)
		}
	}
}

// A state is what identifies a gauge.
type state struct{ metric, name, service, operation, detail string }

// collectStates sends the states.
func (m *Metrics) collectStates(ch chan<- prometheus.Metric, states []iter.Seq[endpoint.Gauge]) {
	for st, value := range m.eachState(states) {
		ch <- prometheus.MustNewConstMetric(st.desc(), prometheus.GaugeValue, value, st.name, st.service, st.operation, st.detail)
	}
}

// eachState yields the states that the sources have now, with their values. A scrape
// fails as a whole if one series comes twice, so only the first of them is yielded.
func (m *Metrics) eachState(sources []iter.Seq[endpoint.Gauge]) iter.Seq2[state, float64] {
	return func(yield func(state, float64) bool) {
		seen := map[state]bool{}
		for _, source := range sources {
			for g := range source {
				st := state{metric: metricName(g.Source, g.Metric), name: clean(g.Name), detail: clean(g.Detail)}
				if g.Operation != nil {
					st.service, st.operation = clean(g.Operation.Service), clean(g.Operation.Name)
				}
				if seen[st] || len(seen) >= 10*m.limit {
					continue
				}
				seen[st] = true
				if !yield(st, g.Value) {
					return
				}
			}
		}
	}
}

func (s *state) desc() *prometheus.Desc {
	return prometheus.NewDesc(s.metric, stateHelp, []string{series.Name, series.Service, series.Operation, series.Detail}, nil)
}

// stateHelp is the help of every state: a registry fails a scrape in which two series of
// one name have different ones, and different sources may have states of one name.
const stateHelp = "A state of a policy, a pool or another source."

// metricName returns the name of Prometheus of a state. It is not that of a series of
// calls or events.
func metricName(source, metric string) string {
	name := series.StatePrefix + strings.Map(nameRune, source) + "_" + strings.Map(nameRune, metric)
	if isSeries(name) {
		return name + "_state"
	}
	return name
}

func nameRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_':
		return r
	case 'A' <= r && r <= 'Z':
		return r - 'A' + 'a'
	}
	return '_'
}

// isSeries reports whether a name is one of the series of calls and events, or of those
// that an exposition makes of a histogram.
func isSeries(name string) bool {
	switch name {
	case series.Calls, series.InFlight, series.RequestBytes, series.ResponseBytes, series.Events:
		return true
	}
	for _, suffix := range []string{"_count", "_sum", "_bucket", "_created", ""} {
		switch strings.TrimSuffix(name, suffix) {
		case series.Duration, series.FirstItem, series.RequestSize, series.ResponseSize:
			return true
		}
	}
	return false
}
