package netrpcx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/netrpcx"
)

type someone struct{}

func (someone) Principal() string { return "someone" }

var someones = &auth.Bearer[someone]{Name: "someones"}

// guarded is a service that requires who calls.
type guarded struct {
	Do endpoint.Endpoint[int, int]
}

func (g *guarded) Describe(f *endpoint.Facts)  { f.Of(&g.Do, endpoint.Requires(someones)) }
func (g *guarded) RPC(m *netrpcx.Methods)      { m.Method("Guarded.Do", &g.Do) }
func do(_ context.Context, i int) (int, error) { return i, nil }

// TestRequires has neither end of a service that requires who calls.
func TestRequires(t *testing.T) {
	t.Parallel()
	const want = "netrpcx: guarded.Do: it requires proof of who calls, but net/rpc has no metadata for credentials"
	verify := someones.Verify(func(context.Context, string) (someone, []string, error) { return someone{}, nil, nil })
	_, err := netrpcx.NewServer(&guarded{do}, netrpcx.Use(verify))
	require.EqualError(t, err, want)
	err = netrpcx.Client(netrpcx.To("localhost:1"), new(guarded), netrpcx.Use(someones.Send(auth.Static("a"))))
	require.EqualError(t, err, want)
}
