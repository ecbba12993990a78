package promx

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/series"
)

// Describe sends the descriptions of the series of calls and events, so that a
// registry refuses a second Metrics, and those of the states that there are now. For
// prometheus.Collector.
//
// A state whose name is new since Register is collected all the same, but a registry
// of prometheus.NewPedanticRegistry reports it, and Unregister no longer finds the
// Metrics.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	// See decision 145.
	if m.Telemetry == nil {
		return
	}
	for _, desc := range m.descs.all() {
		ch <- desc
	}
	for _, h := range []*prometheus.HistogramVec{m.requestSize, m.responseSize} {
		if h != nil {
			h.Describe(ch)
		}
	}
	m.mu.Lock()
	states := slices.Clone(m.states)
	m.mu.Unlock()
	described := map[string]bool{}
	for st := range m.eachState(states) {
		if !described[st.metric] {
			described[st.metric] = true
			ch <- st.desc()
		}
	}
}

// Collect sends all series. For prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, h := range []*prometheus.HistogramVec{m.requestSize, m.responseSize} {
		if h != nil {
			h.Collect(ch)
		}
	}
	m.mu.Lock()
	all, states := slices.Collect(maps.Values(m.calls)), slices.Clone(m.states)
	m.mu.Unlock()
	for _, c := range all {
		c.collect(ch, m.descs)
	}
	m.events.collect(ch, m.descs.events)
	m.collectStates(ch, states)
}

// collect sends the series of one identity. What is in flight is what began and
// did not end: ends are read first, so that it is never negative.
func (c *calls) collect(ch chan<- prometheus.Metric, d descriptions) {
	send := func(desc *prometheus.Desc, kind prometheus.ValueType, v float64, more ...string) {
		ch <- prometheus.MustNewConstMetric(desc, kind, v, c.values(more...)...)
	}
	var ended uint64
	for code := range c.durations {
		if h := c.durations[code].Load(); h != nil {
			n := h.count()
			ended += n
			send(d.calls, prometheus.CounterValue, float64(n), endpoint.Code(code).String()) //nolint:gosec // there are 17
			ch <- h
		}
	}
	send(d.inFlight, prometheus.GaugeValue, float64(c.begun.Load()-ended))
	send(d.requestBytes, prometheus.CounterValue, float64(c.requestBytes.Load()))
	send(d.responseBytes, prometheus.CounterValue, float64(c.responseBytes.Load()))
	if h := c.firstItem.Load(); h != nil {
		ch <- h
	}
}

func (s *events) collect(ch chan<- prometheus.Metric, desc *prometheus.Desc) {
	s.mu.RLock()
	counts := maps.Clone(s.counts)
	s.mu.RUnlock()
	for h, n := range counts {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n.Load()), h.source, h.name, h.kind, h.service, h.operation)
	}
}

// descriptions are those of the series that the client library does not keep.
type descriptions struct {
	duration, firstItem, calls, inFlight, requestBytes, responseBytes, events *prometheus.Desc
}

func (d *descriptions) all() []*prometheus.Desc {
	return []*prometheus.Desc{d.duration, d.firstItem, d.calls, d.inFlight, d.requestBytes, d.responseBytes, d.events}
}

func describe() descriptions {
	return descriptions{
		duration:      prometheus.NewDesc(series.Duration, "How long calls took.", append(labels(), series.Code), nil),
		firstItem:     prometheus.NewDesc(series.FirstItem, "How long the first items of response streams took.", labels(), nil),
		calls:         prometheus.NewDesc(series.Calls, "Calls that ended.", append(labels(), series.Code), nil),
		inFlight:      prometheus.NewDesc(series.InFlight, "Calls that run.", labels(), nil),
		requestBytes:  prometheus.NewDesc(series.RequestBytes, "Bytes of requests on the wire.", labels(), nil),
		responseBytes: prometheus.NewDesc(series.ResponseBytes, "Bytes of responses on the wire.", labels(), nil),
		events:        prometheus.NewDesc(series.Events, "Events of policies and pools.", []string{series.Source, series.Name, series.Kind, series.Service, series.Operation}, nil),
	}
}
