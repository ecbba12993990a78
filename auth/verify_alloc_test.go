package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/internal/race"
)

// TestVerifyAllocs counts the allocations of a call whose credentials were verified before.
func TestVerifyAllocs(t *testing.T) {
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	users, apps := newUsers(), &auth.APIKey[user]{Name: "apps", Header: "X-Api-Key"}
	token := "0123456789012345678901234567890123456789012345678901234567890123456789.0123456789012345678901234567890123456789012345678901234567890123456789"
	for name, tt := range map[string]struct {
		scheme endpoint.Scheme
		verify endpoint.Layer
		header map[string][]string
		most   float64
	}{
		"an API key": {apps, apps.Verify(auth.Keys(map[string]user{token: {"one"}}), auth.Cached(time.Hour)), map[string][]string{"X-Api-Key": {token}}, 0},
		"a token": {users, users.Verify(func(context.Context, string) (user, []string, error) {
			return user{"ann"}, []string{"x"}, nil
		}, auth.Cached(time.Hour)), map[string][]string{"Authorization": {"Bearer " + token}}, 0},
	} {
		op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
		without := allocs(t, op, nil, tt.header)
		require.NoError(t, op.Require(tt.scheme))
		require.LessOrEqual(t, allocs(t, op, endpoint.Stack{tt.verify}, tt.header)-without, tt.most, name)
	}
}

func allocs(t *testing.T, op *endpoint.Operation, stack endpoint.Stack, header map[string][]string) float64 {
	t.Helper()
	bound, err := stack.Bind(op)
	require.NoError(t, err)
	e := bound.Wrap(func(context.Context, int) (int, error) { return 0, nil })
	return testing.AllocsPerRun(100, func() {
		ctx, _, _ := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(header), endpoint.Header{})
		if _, err := e(ctx, 1); err != nil {
			t.Error(err)
		}
	})
}
