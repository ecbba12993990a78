package resilience_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/typedkit/endpoint"
)

// yes answers every call.
func yes(_ context.Context, n int) (int, error) { return n, nil }

// no fails every call with err.
func no(err error) endpoint.Endpoint[int, int] {
	return func(context.Context, int) (int, error) { return 0, err }
}

// held is an endpoint whose calls wait until the test lets them go.
type held struct{ results chan error }

func newHeld() *held { return &held{make(chan error)} }

func (h *held) call(ctx context.Context, n int) (int, error) {
	select {
	case err := <-h.results:
		return n, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// happenings collects the events of a policy as lines.
type happenings struct {
	mu    sync.Mutex // guards the fields below
	lines []string
	kinds map[string]endpoint.Event
}

func (h *happenings) hear(_ context.Context, e endpoint.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := e.Source + " " + e.Kind
	if e.Name != "" {
		line = e.Name + ": " + line
	}
	if e.Delay != 0 {
		line += fmt.Sprint(" ", e.Delay)
	}
	h.lines = append(h.lines, line)
	if h.kinds == nil {
		h.kinds = map[string]endpoint.Event{}
	}
	h.kinds[e.Kind] = e
}

// lastOf returns the last event of a kind.
func (h *happenings) lastOf(kind string) endpoint.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kinds[kind]
}

// take returns the lines since the last take.
func (h *happenings) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	lines := h.lines
	h.lines = nil
	return lines
}

// gauges returns the figures of a policy by their metric.
func gauges(p interface {
	Gauges(yield func(endpoint.Gauge) bool)
},
) map[string]float64 {
	figures := map[string]float64{}
	for g := range p.Gauges {
		figures[g.Metric] = g.Value
	}
	return figures
}
