package endpoint_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/fork"
)

// started returns a served Call with proofs.
func proven(t *testing.T, proofs ...*endpoint.Proof) *endpoint.Call {
	t.Helper()
	op := &endpoint.Operation{Side: endpoint.ServerSide}
	ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	for _, p := range proofs {
		endpoint.CallFrom(ctx).Prove(p)
	}
	forked, _ := fork.Of(ctx)
	require.Equal(t, endpoint.CallFrom(ctx).Identity(), endpoint.Incoming(forked).Identity(), "a fork has the proofs")
	return endpoint.CallFrom(ctx)
}

// TestProof reads the proofs of a Call.
func TestProof(t *testing.T) {
	t.Parallel()
	a, b := &scheme{"a"}, &scheme{"b"}
	ann, app := &endpoint.Proof{Scheme: a, Principal: "ann"}, &endpoint.Proof{Scheme: b, Principal: "app"}
	call := proven(t, nil, ann, app, &endpoint.Proof{Scheme: b, Principal: "eve"})
	require.Equal(t, "ann", call.Principal())
	require.Same(t, ann, call.ProofBy(a))
	require.Same(t, app, call.ProofBy(b))
	require.Nil(t, call.ProofBy(&scheme{"a"}))

	relayed := &endpoint.Proof{Scheme: a, Relayed: true}
	call = proven(t, relayed, app, ann)
	require.Same(t, ann, call.ProofBy(a), "who was verified takes the place of who was not")
	require.Equal(t, "app", call.Principal(), "the first one with a name")
	require.Same(t, app, call.ProofBy(b))
	call = proven(t, app, relayed, ann)
	require.Same(t, ann, call.ProofBy(a))
	call = proven(t, ann, relayed)
	require.Same(t, ann, call.ProofBy(a))
	var none *endpoint.Call
	none.Prove(ann)
	require.Nil(t, none.ProofBy(a))
	require.Empty(t, none.Identity())
}

// TestIdentity tells callers apart by whatever an answer may depend on.
func TestIdentity(t *testing.T) {
	t.Parallel()
	a, b := &scheme{"a"}, &scheme{"b"}
	require.Empty(t, proven(t).Identity())
	seen := map[string]string{}
	for name, proofs := range map[string][]*endpoint.Proof{
		"ann":             {{Scheme: a, Principal: "ann"}},
		"bob":             {{Scheme: a, Principal: "bob"}},
		"ann by another":  {{Scheme: b, Principal: "ann"}},
		"ann with scope":  {{Scheme: a, Principal: "ann", Scopes: []string{"x"}}},
		"ann with both":   {{Scheme: a, Principal: "ann", Scopes: []string{"x", "y"}}},
		"an odd name":     {{Scheme: a, Principal: `ann"" "`}},
		"ann and the app": {{Scheme: a, Principal: "ann"}, {Scheme: b, Principal: "app"}},
		"a relayed token": {{Scheme: a, Relayed: true, Identity: "1"}},
		"another":         {{Scheme: a, Relayed: true, Identity: "2"}},
	} {
		id := proven(t, proofs...).Identity()
		require.Empty(t, seen[id], "%s is like it", name)
		seen[id] = name
		require.Equal(t, id, proven(t, proofs...).Identity())
	}
}
