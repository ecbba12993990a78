package main

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

const free = "127.0.0.1:0"

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestArguments(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", free)
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	busy := taken.Addr().String()
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"HTTP port":     {[]string{"-h"}, 0, "-http-addr address\n    \taddress to serve HTTP on, host:port (default :8081)\n"},
		"gRPC port":     {[]string{"-h"}, 0, "-grpc-addr address\n    \taddress to serve gRPC on, host:port (default :8082)\n"},
		"debug port":    {[]string{"-h"}, 0, "/debug/vars, host:port; empty for none (default localhost:8080)\n"},
		"unknown flag":  {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"no value":      {[]string{"-http-addr"}, 2, "flag needs an argument: -http-addr"},
		"argument":      {[]string{"x"}, 2, `addsvc: unexpected argument "x"`},
		"no port":       {[]string{"-http-addr", "localhost"}, 2, `invalid value "localhost" for flag -http-addr: `},
		"no HTTP":       {[]string{"-http-addr", ""}, 2, `invalid value "" for flag -http-addr: `},
		"no gRPC":       {[]string{"-grpc-addr", ""}, 2, `invalid value "" for flag -grpc-addr: `},
		"no registry":   {[]string{"-registry", "eureka://a:1"}, 2, `for flag -registry: "eureka://a:1" begins with none of etcd://, consul:// and zk://`},
		"no debug port": {[]string{"-debug.addr", "x"}, 2, `invalid value "x" for flag -debug.addr: `},
		"no collector":  {[]string{"-otlp.addr", "x"}, 2, `invalid value "x" for flag -otlp.addr: `},
		"no Zipkin":     {[]string{"-zipkin-url", "localhost:9411"}, 2, `for flag -zipkin-url: zipkin: New: the scheme of the URL must be http or https`},
		"no Thrift":     {[]string{"-thrift-addr", "x"}, 2, `invalid value "x" for flag -thrift-addr: `},
		"simple JSON":   {[]string{"-thrift-protocol", "simplejson"}, 2, "for flag -thrift-protocol: nothing can read what simplejson writes"},
		"default limit": {[]string{"-h"}, 0, "go-kit's example has 1:1 (default 10000:10000)\n"},
		"no burst":      {[]string{"-sum.limit", "1"}, 2, `invalid value "1" for flag -sum.limit: "1" is not of the form rate:burst, such as 0.5:10`},
		"no calls":      {[]string{"-concat.limit", "0:1"}, 2, `invalid value "0:1" for flag -concat.limit: `},
		"no NATS":       {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", "", "-nats.url", "nats://127.0.0.1:1"}, 1, "addsvc: nats: no servers available for connection\n"},
		"no issuer":     {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", "", "-auth", "x"}, 1, "addsvc: jwtx: New: the issuer, without the option Keys, must be an http or https URL"},
		"users, Thrift": {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", "", "-auth", "http://a", "-thrift-addr", free}, 1, "addsvc: -auth holds over HTTP and gRPC; leave out the addresses of other transports\n"},
		"no such port":  {[]string{"-http-addr", free, "-grpc-addr", "127.0.0.1:nope"}, 2, `invalid value "127.0.0.1:nope" for flag -grpc-addr: `},
		"HTTP in use":   {[]string{"-http-addr", busy, "-grpc-addr", free, "-debug.addr", free}, 1, "addsvc: HTTP: address \"" + busy + "\": bind: address already in use\n"},
		"Thrift in use": {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", free, "-thrift-addr", busy}, 1, "addsvc: Thrift: address \"" + busy + "\": bind: address already in use\n"},
		"gRPC in use":   {[]string{"-http-addr", free, "-grpc-addr", busy, "-debug.addr", free}, 1, "addsvc: gRPC: address \"" + busy + "\": bind: address already in use\n"},
		"debug in use":  {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", busy}, 1, "addsvc: admin: address \"" + busy + "\": bind: address already in use\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

// start runs the program until stop, which returns what it logged.
func start(t *testing.T, debug, otlp string) (addrs map[string]string, stop func() string) {
	t.Helper()
	p := programtest.Launch(t, programtest.Self(t), "-http-addr", free, "-grpc-addr", free, "-debug.addr", debug, "-otlp.addr", otlp)
	names := []string{"HTTP", "gRPC"}
	if debug != "" {
		names = append(names, "admin")
	}
	return p.Addresses(t, names...), func() string {
		p.Stop(t)
		return p.Log()
	}
}

// dial returns a connection to the gRPC of the program.
func dial(t *testing.T, addrs map[string]string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addrs["gRPC"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestServe has a line in the log, and a count, for each call of each transport.
func TestServe(t *testing.T) {
	t.Parallel()
	addrs, stop := start(t, free, "")
	conn := dial(t, addrs)
	var overHTTP, overGRPC addsvc.Add
	require.NoError(t, httpx.Client(httpx.To("http://"+addrs["HTTP"]), &overHTTP))
	require.NoError(t, grpcx.Client(grpcx.To(conn), &overGRPC))
	for _, c := range []addsvc.Add{overHTTP, overGRPC} {
		got, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
		require.NoError(t, err)
		require.Equal(t, int64(3), got.V)
		_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "0123456789", B: "x"})
		require.ErrorIs(t, err, addsvc.ErrMaxSize)
	}
	state, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "pb.Add"})
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, state.GetStatus())

	vars := programtest.Get(t, addrs["admin"]+"/debug/vars")
	require.Contains(t, vars, `"server grpc Add.Concat": {"calls":`)
	require.Contains(t, vars, `"server http Add.Sum": {"calls":`)
	endpoints := programtest.Get(t, addrs["admin"]+"/endpoints")
	for _, transport := range []string{"http", "grpc"} {
		require.Regexp(t, `"name":"Sum"[^{}]*"transport":"`+transport+`"`, endpoints)
	}

	programtest.Document(t, addrs["HTTP"], "addsvc", "/sum", "/concat")

	log := stop()
	require.Contains(t, log, "level=INFO msg=call endpoint.operation=Add.Sum transport=http side=server ")
	require.Regexp(t, `operation=Add.Concat transport=grpc .*status_code=INVALID_ARGUMENT duration=\S+ .*message="result exceeds maximum size"`, log)
	require.Contains(t, log, programtest.Draining)
	for _, c := range []addsvc.Add{overHTTP, overGRPC} {
		_, err = c.Sum(t.Context(), addsvc.SumRequest{A: 1})
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "after the end")
	}
}

// TestReflection has tools that know nothing of the service find it, and what its
// methods take.
func TestReflection(t *testing.T) {
	t.Parallel()
	addrs, stop := start(t, "", "")
	defer stop()
	s, err := grpc_reflection_v1.NewServerReflectionClient(dial(t, addrs)).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		require.NoError(t, s.Send(r))
		answer, err := s.Recv()
		require.NoError(t, err)
		return answer
	}
	var names []string
	for _, svc := range ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}).GetListServicesResponse().GetService() {
		names = append(names, svc.GetName())
	}
	require.Subset(t, names, []string{"pb.Add", "grpc.health.v1.Health"})
	require.NotEmpty(t, ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "pb.Add.Sum"},
	}).GetFileDescriptorResponse().GetFileDescriptorProto())
	require.NoError(t, s.CloseSend())
	_, err = s.Recv()
	require.ErrorIs(t, err, io.EOF, "an open stream would hold the end")
}

// TestServerOptions has the server refuse metadata that grpc-go by itself takes.
func TestServerOptions(t *testing.T) {
	t.Parallel()
	addrs, stop := start(t, "", "")
	defer stop()
	conn := dial(t, addrs)
	for size, code := range map[int]codes.Code{grpcx.DefaultMaxHeaders / 2: codes.OK, grpcx.DefaultMaxHeaders: codes.Internal} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "long", strings.Repeat("x", size))
		_, err := pb.NewAddClient(conn).Sum(ctx, &pb.SumRequest{A: 1, B: 2})
		require.Equal(t, code, status.Code(err), "%d bytes: %v", size, err)
	}
}

func TestServeWithoutDebug(t *testing.T) {
	t.Parallel()
	_, stop := start(t, "", "")
	stop()
}

// TestCollectorAway has calls go on, and the program end, while nobody takes its
// spans: a collector that is not there, and one that never answers.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	hangs, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", free)
	require.NoError(t, err)
	t.Cleanup(func() { _ = hangs.Close() })
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", free)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for name, l := range map[string]net.Listener{"hangs": hangs, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addrs, stop := start(t, "", l.Addr().String())
			var c addsvc.Add
			require.NoError(t, httpx.Client(httpx.To("http://"+addrs["HTTP"]), &c))
			for range 3000 { // more than the queue of spans holds
				_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
				require.NoError(t, err)
			}
			log := stop()
			log = log[len(log)-2000:] // it is long
			require.Regexp(t, `operation=Add.Sum .* trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}\n`, log)
			if name == "hangs" {
				require.Regexp(t, `level=WARN .*endpoint.kind=flushed .*endpoint.detail=spans .*context deadline exceeded`, log)
			}
		})
	}
}
