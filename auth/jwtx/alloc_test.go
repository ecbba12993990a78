package jwtx_test

import (
	"crypto/elliptic"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/internal/race"
)

// TestAllocs counts the allocations of a call whose token was verified before.
func TestAllocs(t *testing.T) {
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	es := newEC(t, elliptic.P256())
	i := newIssuer(t, jwk(t, "es", es, nil))
	token := i.token(t, "es", es, map[string]any{"pad": strings.Repeat("x", 600)})
	users := &auth.Bearer[user]{Name: "users"}
	op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
	without := allocs(t, op, nil, token)
	require.NoError(t, op.Require(users.Scope("rooms:write")))
	with := allocs(t, op, endpoint.Stack{users.Verify(i.verifier(t))}, token)
	t.Logf("%v allocations", with-without)
	require.LessOrEqual(t, with-without, 3.0)
}

func allocs(t *testing.T, op *endpoint.Operation, stack endpoint.Stack, token string) float64 {
	t.Helper()
	call := bind(t, op, stack, token)
	return testing.AllocsPerRun(100, func() {
		if err := call(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
