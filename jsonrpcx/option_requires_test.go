package jsonrpcx_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

type someone string

func (s someone) Principal() string { return string(s) }

var someones = &auth.Bearer[someone]{Name: "someones"}

// guarded has a method that requires who calls, and one that does not.
type guarded struct {
	Who, Open endpoint.Endpoint[endpoint.Empty, string]
}

func (g *guarded) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("who", &g.Who, jsonrpcx.Requires(someones))
	m.Method("open", &g.Open, jsonrpcx.Requires(someones), jsonrpcx.Public())
}

// TestRequires calls methods with and without credentials.
func TestRequires(t *testing.T) {
	t.Parallel()
	who := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		s, _ := someones.From(ctx)
		return string(s), nil
	}
	verify := someones.Verify(func(_ context.Context, token string) (someone, []string, error) {
		if token != "ann" {
			return "", nil, errors.New("no")
		}
		return someone(token), nil, nil
	})
	require.Panics(t, func() { jsonrpcx.Handler(&guarded{who, who}) }, "nothing verifies")
	server := httptest.NewServer(jsonrpcx.Handler(&guarded{who, who}, jsonrpcx.Use(verify)))
	t.Cleanup(server.Close)
	var c guarded
	require.ErrorContains(t, jsonrpcx.Client(httpx.To(server.URL), &c), "guarded.Who: option Use: endpoint: it requires someones")
	for token, want := range map[string]error{"ann": nil, "eve": endpoint.ErrUnauthenticated} {
		require.NoError(t, jsonrpcx.Client(httpx.To(server.URL), &c, jsonrpcx.Use(someones.Send(auth.Static(token)))))
		got, err := c.Who(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, want)
		if want == nil {
			require.Equal(t, token, got)
		}
	}
}
