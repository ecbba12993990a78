package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/addsvc"
	"github.com/typedkit/endpoint/examples/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

const free = "127.0.0.1:0"

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
		"HTTP port":     {[]string{"-h"}, 0, "-http-addr address\n    \taddress to serve HTTP on, host:port (default \":8081\")\n"},
		"gRPC port":     {[]string{"-h"}, 0, "-grpc-addr address\n    \taddress to serve gRPC on, host:port (default \":8082\")\n"},
		"debug port":    {[]string{"-h"}, 0, "on, host:port; empty for none (default \"localhost:8080\")\n"},
		"unknown flag":  {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"no value":      {[]string{"-http-addr"}, 2, "flag needs an argument: -http-addr"},
		"argument":      {[]string{"x"}, 2, `addsvc: unexpected argument "x"`},
		"no port":       {[]string{"-http-addr", "localhost"}, 2, `addsvc: -http-addr "localhost" is not host:port`},
		"no HTTP":       {[]string{"-http-addr", ""}, 2, `addsvc: -http-addr "" is not host:port`},
		"no gRPC":       {[]string{"-grpc-addr", ""}, 2, `addsvc: -grpc-addr "" is not host:port`},
		"no debug port": {[]string{"-debug.addr", "x"}, 2, `addsvc: -debug.addr "x" is not host:port`},
		"no collector":  {[]string{"-otlp.addr", "x"}, 2, `addsvc: -otlp.addr "x" is not host:port`},
		"no such port":  {[]string{"-http-addr", free, "-grpc-addr", "127.0.0.1:nope"}, 2, `addsvc: -grpc-addr "127.0.0.1:nope" is not host:port`},
		"HTTP in use":   {[]string{"-http-addr", busy, "-grpc-addr", free, "-debug.addr", free}, 1, "addsvc: HTTP: listen tcp " + busy + ": bind: address already in use"},
		"gRPC in use":   {[]string{"-http-addr", free, "-grpc-addr", busy, "-debug.addr", free}, 1, "addsvc: gRPC: listen tcp " + busy + ": bind: address already in use"},
		"debug in use":  {[]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", busy}, 1, "addsvc: debug: listen tcp " + busy + ": bind: address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // if it serves after all
			defer cancel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, tt.code, run(ctx, tt.args, &stdout, &stderr))
			require.Contains(t, stderr.String(), tt.says)
			require.Empty(t, stdout.String())
		})
	}
}

// start runs the program in this process until stop, which returns what it
// logged.
func start(t *testing.T, debug, otlp string) (addrs map[string]string, stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	stdout, w := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", debug, "-otlp.addr", otlp}, w, &stderr)
		_ = w.Close()
	}()
	addrs = map[string]string{}
	parts := 3
	if debug == "" {
		parts = 2
	}
	for lines := bufio.NewScanner(stdout); len(addrs) < parts && lines.Scan(); {
		name, addr, _ := strings.Cut(lines.Text(), " on ")
		addrs[name] = addr
	}
	require.Len(t, addrs, parts)
	return addrs, func() string {
		cancel()
		require.Equal(t, 0, <-code, "exit code; log:\n%s", &stderr)
		return stderr.String()
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

	resp, err := http.Get("http://" + addrs["debug"] + "/debug/vars") //nolint:noctx // a test
	require.NoError(t, err)
	vars, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	require.NoError(t, err)
	require.Contains(t, string(vars), `"server grpc Add.Concat": {"calls":`)
	require.Contains(t, string(vars), `"server http Add.Sum": {"calls":`)

	log := stop()
	require.Contains(t, log, "level=INFO msg=call endpoint.operation=Add.Sum transport=http side=server ")
	require.Regexp(t, `operation=Add.Concat transport=grpc .*status_code=INVALID_ARGUMENT duration=\S+ .*message="result exceeds maximum size"`, log)
	require.Contains(t, log, "msg=stopping")
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
			log = log[len(log)-1000:] // it is long
			require.Regexp(t, `operation=Add.Sum .* trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}\n`, log)
			if name == "hangs" {
				require.Contains(t, log, `msg="the last spans are lost" err="context deadline exceeded"`)
			}
		})
	}
}
