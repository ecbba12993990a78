package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// gateways are ways to call a service, of which do is the handler, through a gateway
// whose server and whose client have these layers, in a bubble.
var gateways = map[string]func(t *testing.T, do func(context.Context) error, server, client []endpoint.Layer) func(ctx context.Context) error{
	"http": func(t *testing.T, do func(context.Context) error, server, layers []endpoint.Layer) func(ctx context.Context) error {
		t.Helper()
		back := client(t, served(t, allOf(do)), layers...)
		front := client(t, served(t, back, httpx.Use(server...)))
		return func(ctx context.Context) error { _, err := front.Read(ctx, ask{1}); return err }
	},
	"grpc": func(t *testing.T, do func(context.Context) error, server, layers []endpoint.Layer) func(ctx context.Context) error {
		t.Helper()
		back := overGRPC(t, &remaining{func(ctx context.Context, _ seen) (left, error) { return left{}, do(ctx) }}, nil, layers)
		front := overGRPC(t, back, server, nil)
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
					call := gateway(t, hang, nil, []endpoint.Layer{breaker})
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

// TestEarlyRefusal: a service that refuses a call before its deadline, because it expects
// to be too late, opens no breaker of a gateway whose callers give it little time. A
// deadline that the gateway sets is its own.
func TestEarlyRefusal(t *testing.T) { // not parallel: it decodes what another test counts
	for transport, gateway := range gateways {
		for name, tt := range map[string]struct {
			given   time.Duration // 0 for no deadline
			timeout time.Duration // of the gateway's client; 0 for none
			want    resilience.BreakerState
		}{
			"short deadlines":          {50 * time.Millisecond, 0, resilience.Closed},
			"fair deadlines":           {2 * time.Second, 0, resilience.Open},
			"no deadlines":             {0, 0, resilience.Open},
			"a timeout of the gateway": {800 * time.Millisecond, 700 * time.Millisecond, resilience.Open},
		} {
			t.Run(transport+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := resilience.NewBreaker(3, resilience.Shared()), resilience.NewBreaker(3, resilience.Shared())
					layers := []endpoint.Layer{client}
					if tt.timeout > 0 {
						layers = append(layers, resilience.NewTimeout(tt.timeout))
					}
					refuse := func(context.Context) error { return endpoint.Errorf(endpoint.DeadlineExceeded, "too late") }
					call := gateway(t, refuse, []endpoint.Layer{server}, layers)
					for range 3 {
						ctx, cancel := t.Context(), func() {}
						if tt.given > 0 {
							ctx, cancel = context.WithTimeout(t.Context(), tt.given)
						}
						require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(call(ctx)))
						cancel()
						synctest.Wait()
					}
					require.Equal(t, tt.want, client.State(), "of the gateway's client")
					require.Equal(t, tt.want, server.State(), "of the gateway's server")
				})
			})
		}
	}
}
