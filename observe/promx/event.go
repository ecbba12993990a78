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
// with the labels name, service, operation and detail. Of two states with the
// same labels the first one counts, so name what there are several of.
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

// collectStates sends what the watched say now. A scrape fails as a whole for
// one series that comes twice, so that none does.
func (m *Metrics) collectStates(ch chan<- prometheus.Metric, states []iter.Seq[endpoint.Gauge]) {
	seen := map[state]bool{}
	for _, s := range states {
		for g := range s {
			st := state{metric: metricName(g.Source, g.Metric), name: clean(g.Name), detail: clean(g.Detail)}
			if g.Operation != nil {
				st.service, st.operation = clean(g.Operation.Service), clean(g.Operation.Name)
			}
			if seen[st] || len(seen) >= 10*m.limit {
				continue
			}
			seen[st] = true
			desc := prometheus.NewDesc(st.metric, "State that a "+metricName("", g.Source)+" is in.", stateLabels(), nil)
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, g.Value, st.name, st.service, st.operation, st.detail)
		}
	}
}

func stateLabels() []string {
	return []string{series.Name, series.Service, series.Operation, series.Detail}
}

// metricName makes a name of Prometheus of what a source says.
func metricName(source, metric string) string {
	join := func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}
	if source == "" {
		return strings.Map(join, metric)
	}
	return series.StatePrefix + strings.Map(join, source) + "_" + strings.Map(join, metric)
}
