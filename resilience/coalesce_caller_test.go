package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/resilience"
)

type caller string

func (c caller) Principal() string { return string(c) }

// TestCoalesceCallers has calls of one caller share a flight, and those of others not.
func TestCoalesceCallers(t *testing.T) {
	t.Parallel()
	users := &auth.Bearer[caller]{Name: "users"}
	verify := users.Verify(func(_ context.Context, token string) (caller, []string, error) { return caller(token), nil, nil })
	for name, tt := range map[string]struct {
		layer   endpoint.Layer
		tokens  []string
		flights int
	}{
		"one caller":         {verify, []string{"ann", "ann", "ann"}, 1},
		"two callers":        {verify, []string{"ann", "bob", "ann"}, 2},
		"nobody":             {verify, []string{"", "", ""}, 1},
		"somebody, nobody":   {verify, []string{"ann", ""}, 2},
		"relayed, unknown":   {users.Relay(), []string{"ann", "bob"}, 2},
		"relayed, the same":  {users.Relay(), []string{"ann", "ann"}, 1},
		"nothing is checked": {endpoint.Stack{}, []string{"ann", "bob"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				flights := 0
				e := endpoint.Chain(func(context.Context, int) (int, error) {
					flights++
					time.Sleep(time.Second)
					return 0, nil
				}, resilience.Coalesce(func(i int) int { return i }).Wrap)
				op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
				bound, err := endpoint.Stack{tt.layer}.Bind(op)
				require.NoError(t, err)
				served := bound.Wrap(e)
				for _, token := range tt.tokens {
					header := map[string][]string{}
					if token != "" {
						header["Authorization"] = []string{"Bearer " + token}
					}
					ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(header), endpoint.Header{})
					require.NoError(t, err)
					go func() { _, _ = served(ctx, 1) }()
					synctest.Wait()
				}
				time.Sleep(2 * time.Second)
				require.Equal(t, tt.flights, flights)
			})
		})
	}
}
