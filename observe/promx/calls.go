package promx

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
)

// An identity is the labels that the calls of an operation on one side have.
type identity struct{ service, operation, side, transport string }

func (i identity) values(more ...string) []string {
	return append([]string{i.service, i.operation, i.side, i.transport}, more...)
}

// calls are the series of one identity.
type calls struct {
	identity

	begun                     atomic.Uint64
	requestBytes              atomic.Int64
	responseBytes             atomic.Int64
	requestSize, responseSize prometheus.Observer // nil without sizes

	// durations has a histogram for each code. What it counted is the number of
	// calls that ended, which need no counter.
	durations [endpoint.Unauthenticated + 1]atomic.Pointer[histogram]
	firstItem atomic.Pointer[histogram]
}

// callsOf returns the series of an operation, and those of "other" when there
// are too many.
func (m *Metrics) callsOf(op *endpoint.Operation, side endpoint.Side) *calls {
	id := identity{clean(op.Service), clean(op.Name), side.String(), clean(op.Transport)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.calls[id]; !known && len(m.calls) >= m.limit {
		id = identity{"other", "other", id.side, "other"}
	}
	c := m.calls[id]
	if c == nil {
		c = &calls{identity: id}
		if m.sizes {
			c.requestSize = m.requestSize.WithLabelValues(id.values()...)
			c.responseSize = m.responseSize.WithLabelValues(id.values()...)
		}
		m.calls[id] = c
	}
	return c
}

// outcome returns the histogram of a code. One that is not canonical counts as
// unknown.
func (c *calls) outcome(m *Metrics, code endpoint.Code) *histogram {
	if code < 0 || int(code) >= len(c.durations) {
		code = endpoint.Unknown
	}
	if h := c.durations[code].Load(); h != nil {
		return h
	}
	c.durations[code].CompareAndSwap(nil, newHistogram(m.layout, m.descs.duration, c.values(code.String())...))
	return c.durations[code].Load()
}

// firstItems returns the histogram of first items.
func (c *calls) firstItems(m *Metrics) *histogram {
	if h := c.firstItem.Load(); h != nil {
		return h
	}
	c.firstItem.CompareAndSwap(nil, newHistogram(m.layout, m.descs.firstItem, c.values()...))
	return c.firstItem.Load()
}
