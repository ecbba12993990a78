package addsvc_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// serveHTTP serves the service until the test ends, and returns its URL.
func serveHTTP(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, addsvc.New()))
	server := httptest.NewServer(httpx.Problems(mux))
	t.Cleanup(server.Close)
	return server.URL
}

// dialGRPC serves what register registers until the test ends, and returns a
// connection to it.
func dialGRPC(t *testing.T, register func(s *grpc.Server)) *grpc.ClientConn {
	t.Helper()
	s := grpc.NewServer()
	register(s)
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	conn, err := grpc.NewClient("passthrough:///addsvc", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// serveGRPC serves the service, and returns a connection to it.
func serveGRPC(t *testing.T) *grpc.ClientConn {
	t.Helper()
	return dialGRPC(t, func(s *grpc.Server) { require.NoError(t, grpcx.Register(s, addsvc.New())) })
}

// clients returns the service itself, and its clients over both transports.
func clients(t *testing.T) map[string]*addsvc.Add {
	t.Helper()
	var overHTTP, overGRPC addsvc.Add
	require.NoError(t, httpx.Client(httpx.To(serveHTTP(t)), &overHTTP))
	require.NoError(t, grpcx.Client(grpcx.To(serveGRPC(t)), &overGRPC))
	return map[string]*addsvc.Add{"in process": addsvc.New(), "HTTP": &overHTTP, "gRPC": &overGRPC}
}

// post sends a body of JSON, without a client of ours.
func post(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}
