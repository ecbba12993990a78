package resilience

import (
	"context"
	"math"
	"testing"
)

// Flights that have ended are forgotten, also those whose key equals nothing,
// not even itself.
func TestCoalesceForgets(t *testing.T) {
	t.Parallel()
	g := &group[float64, float64, float64]{
		policy:  Coalesce(func(v float64) float64 { return v }),
		next:    func(_ context.Context, v float64) (float64, error) { return v, nil },
		flights: make(map[flightKey[float64]]*flight[float64]),
	}
	for _, v := range []float64{1, math.NaN(), 2} {
		if _, err := g.call(t.Context(), v); err != nil {
			t.Error(err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.flights); n != 0 {
		t.Errorf("%d flights are kept", n)
	}
}
