package thriftx_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/thriftx"
)

type someone string

func (s someone) Principal() string { return string(s) }

var someones = &auth.Bearer[someone]{Name: "someones"}

// guarded is a service that requires who calls.
type guarded struct {
	Sum endpoint.Endpoint[SumRequest, int64]
}

func (g *guarded) Describe(f *endpoint.Facts) { f.Of(&g.Sum, endpoint.Requires(someones)) }

func (g *guarded) Thrift(m *thriftx.Methods) { m.Method("sum", &g.Sum, sumArgs, sumResult) }

// TestRequires requires who calls over protocols with and without metadata.
func TestRequires(t *testing.T) {
	t.Parallel()
	verify := someones.Verify(func(_ context.Context, token string) (someone, []string, error) {
		return someone(token), nil, nil
	})
	svc := &guarded{func(ctx context.Context, _ SumRequest) (int64, error) {
		s, _ := someones.From(ctx)
		return int64(len(s)), nil
	}}
	send := thriftx.Use(someones.Send(auth.Static("ann")))
	const want = "it requires proof of who calls, but the protocol binary has no metadata"
	require.ErrorContains(t, thriftx.Register(thriftx.NewServer(), svc, thriftx.Use(verify)), want)
	require.ErrorContains(t, thriftx.Client(thriftx.To("localhost:1"), new(guarded), send), want)

	server := thriftx.NewServer(thriftx.Speak(thriftx.Header))
	require.NoError(t, thriftx.Register(server, svc, thriftx.Use(verify)))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	conn := thriftx.To(l.Addr().String(), thriftx.Speak(thriftx.Header))
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.NoError(t, server.Close())
		require.NoError(t, <-done)
	})
	var c guarded
	require.NoError(t, thriftx.Client(conn, &c, send))
	n, err := c.Sum(t.Context(), SumRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
}
