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

	inFlight                  atomic.Int64
	requestBytes              atomic.Int64
	responseBytes             atomic.Int64
	requestSize, responseSize prometheus.Observer // nil without sizes
	outcomes                  [endpoint.Unauthenticated + 1]atomic.Pointer[outcome]
}

// An outcome are those of one code.
type outcome struct {
	calls    atomic.Uint64
	duration prometheus.Observer
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

// outcome returns the series of a code. One that is not canonical counts as
// unknown.
func (c *calls) outcome(m *Metrics, code endpoint.Code) *outcome {
	if code < 0 || int(code) >= len(c.outcomes) {
		code = endpoint.Unknown
	}
	if out := c.outcomes[code].Load(); out != nil {
		return out
	}
	out := &outcome{duration: m.duration.WithLabelValues(c.values(code.String())...)}
	if !c.outcomes[code].CompareAndSwap(nil, out) {
		return c.outcomes[code].Load()
	}
	return out
}
