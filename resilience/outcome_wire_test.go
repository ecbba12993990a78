package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// gateways are ways to call a service that hangs through a gateway whose client has
// these layers, in a bubble.
var gateways = map[string]func(t *testing.T, layers ...endpoint.Layer) func(ctx context.Context) error{
	"http": func(t *testing.T, layers ...endpoint.Layer) func(ctx context.Context) error {
		t.Helper()
		back := client(t, served(t, allOf(hang)), layers...)
		front := client(t, served(t, back))
		return func(ctx context.Context) error { _, err := front.Read(ctx, ask{1}); return err }
	},
	"grpc": func(t *testing.T, layers ...endpoint.Layer) func(ctx context.Context) error {
		t.Helper()
		back := overGRPC(t, &remaining{func(ctx context.Context, _ seen) (left, error) { return left{}, hang(ctx) }}, nil, layers)
		front := overGRPC(t, back, nil, nil)
		return func(ctx context.Context) error { _, err := front.Time(ctx, seen{}); return err }
	},
}

// TestHungBackend: behind a gateway whose callers give it a fair time, a service that
// hangs opens the breaker of the gateway. Callers who give it less do not.
func TestHungBackend(t *testing.T) { // not parallel: it decodes what another test counts
	for transport, gateway := range gateways {
		for name, tt := range map[string]struct {
			given time.Duration
			want  resilience.BreakerState
		}{
			"short deadlines": {50 * time.Millisecond, resilience.Closed},
			"fair deadlines":  {2 * time.Second, resilience.Open},
		} {
			t.Run(transport+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					breaker := resilience.NewBreaker(3, resilience.Shared())
					call := gateway(t, breaker)
					for range 3 {
						ctx, cancel := context.WithTimeout(t.Context(), tt.given)
						require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(call(ctx)))
						cancel()
						synctest.Wait() // the gateway may end later than its caller
					}
					time.Sleep(time.Second)
					require.Equal(t, tt.want, breaker.State())
				})
			})
		}
	}
}
