package addsvc_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
	"github.com/typedkit/endpoint/thriftx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// serveHTTP serves the service until the test ends, and returns its URL.
func serveHTTP(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, addsvc.New()))
	web := httptest.NewServer(httpx.Problems(mux))
	t.Cleanup(web.Close)
	return web.URL
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

// serve serves a part in memory until the test ends, and returns its listener.
func serve(t *testing.T, p server.Part) *endpointtest.Listener {
	t.Helper()
	l, done := endpointtest.NewListener(), make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Serve(l)
	}()
	t.Cleanup(func() { _ = p.Close(); <-done })
	return l
}

// dialThrift serves a server of Thrift, and returns a connection to it.
func dialThrift(t *testing.T, s server.Part) *thriftx.Conn {
	t.Helper()
	conn := thriftx.To("addsvc", thriftx.Dial(serve(t, s).Dial))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// startNATS starts a NATS server until the test ends.
func startNATS(t *testing.T, opts *natsserver.Options) *natsserver.Server {
	t.Helper()
	opts.NoLog, opts.NoSigs = true, true
	ns, err := natsserver.NewServer(opts)
	require.NoError(t, err)
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	require.True(t, ns.ReadyForConnections(time.Minute))
	return ns
}

// dialNATS serves over NATS, and returns a connection of a client.
func dialNATS(t *testing.T) *nats.Conn {
	t.Helper()
	ns := startNATS(t, &natsserver.Options{DontListen: true})
	conns := make([]*nats.Conn, 2)
	for i := range conns {
		conn, err := nats.Connect("", nats.InProcessServer(ns))
		require.NoError(t, err)
		t.Cleanup(conn.Close)
		conns[i] = conn
	}
	s := natsx.NewServer(conns[0])
	require.NoError(t, natsx.Register(s, addsvc.New()))
	require.NoError(t, s.Start())
	t.Cleanup(func() { _ = s.Close() })
	return conns[1]
}

// clients returns the service itself, and its clients over each transport.
func clients(t *testing.T) map[string]*addsvc.Add {
	t.Helper()
	var overHTTP, overGRPC, overThrift, overJSONRPC, overNetRPC, overNATS addsvc.Add
	require.NoError(t, httpx.Client(httpx.To(serveHTTP(t)), &overHTTP))
	require.NoError(t, grpcx.Client(grpcx.To(serveGRPC(t)), &overGRPC))

	calls := thriftx.NewServer()
	require.NoError(t, thriftx.Register(calls, addsvc.New()))
	require.NoError(t, thriftx.Client(dialThrift(t, calls), &overThrift))

	web := httptest.NewServer(jsonrpcx.Handler(addsvc.New()))
	t.Cleanup(web.Close)
	require.NoError(t, jsonrpcx.Client(httpx.To(web.URL), &overJSONRPC))

	rpc, err := netrpcx.NewServer(addsvc.New())
	require.NoError(t, err)
	conn := netrpcx.To("addsvc:1", netrpcx.DialFunc(serve(t, rpc).Dial))
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, netrpcx.Client(conn, &overNetRPC))

	require.NoError(t, natsx.Client(natsx.To(dialNATS(t)), &overNATS))
	return map[string]*addsvc.Add{
		"in process": addsvc.New(), "HTTP": &overHTTP, "gRPC": &overGRPC,
		"Thrift": &overThrift, "JSON-RPC": &overJSONRPC, "net/rpc": &overNetRPC, "NATS": &overNATS,
	}
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
