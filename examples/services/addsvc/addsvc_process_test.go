package addsvc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// TestProcesses runs the programs as processes of their own.
func TestProcesses(t *testing.T) {
	t.Parallel()
	bin := programtest.Build(t, "./cmd/...")

	t.Run("calls", func(t *testing.T) { t.Parallel(); testCalls(t, bin) })
	t.Run("transports", func(t *testing.T) { t.Parallel(); testTransports(t, bin) })
	t.Run("limits", func(t *testing.T) { t.Parallel(); testLimits(t, bin) })
	t.Run("Zipkin", func(t *testing.T) { t.Parallel(); testZipkin(t, bin) })
	t.Run("README", func(t *testing.T) { t.Parallel(); testReadme(t, bin) })
	t.Run("Jaeger", func(t *testing.T) { t.Parallel(); testJaeger(t, bin) })
	t.Run("wrong arguments", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, programtest.Result{Code: 2, Stderr: "addsvc: unexpected argument \"x\"\n"}, programtest.Run(t, filepath.Join(bin, "addsvc"), "x"))
		require.Equal(t, 2, programtest.Run(t, filepath.Join(bin, "addcli"), "-nope").Code)
	})
	t.Run("the end under load on all transports", func(t *testing.T) { t.Parallel(); testStop(t, bin) })
	t.Run("the end while somebody watches", func(t *testing.T) { t.Parallel(); testWatched(t, bin) })
	t.Run("the end while a connection is silent", func(t *testing.T) { t.Parallel(); testSilent(t, bin) })
	for name, begin := range map[string]func(t *testing.T, p *process) (finish func(t *testing.T)){
		"HTTP": beginHTTP, "gRPC": beginGRPC,
	} {
		for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
			t.Run(sig.String()+" while a call over "+name+" is in flight", func(t *testing.T) {
				t.Parallel()
				p := launch(t, bin)
				finish := begin(t, p)
				p.Signal(t, sig)
				p.Await(t, programtest.Draining)
				finish(t)
				p.Await(t, "operation=Add.Sum")
				require.Equal(t, 0, p.Wait(t))
			})
		}
		t.Run("a second signal while a call over "+name+" is in flight", func(t *testing.T) {
			t.Parallel()
			p := launch(t, bin)
			begin(t, p)
			p.Signal(t, syscall.SIGTERM)
			p.Await(t, programtest.Draining)
			p.Signal(t, syscall.SIGTERM)
			require.Equal(t, 1, p.Wait(t))
			require.Contains(t, p.Log(), "addsvc: a second signal: terminated\n")
		})
	}
}

// testCalls has the same lines over either transport.
func testCalls(t *testing.T, bin string) {
	p := launch(t, bin)
	for _, transport := range [][]string{{"-http-addr", p.addr["HTTP"]}, {"-http-addr", "http://" + p.addr["HTTP"]}, {"-grpc-addr", p.addr["gRPC"]}} {
		for _, tt := range []struct {
			args string
			want programtest.Result
		}{
			{"1 2", programtest.Result{Stdout: "1 + 2 = 3\n"}},
			{"-method sum -- 7 -7", programtest.Result{Stdout: "7 + -7 = 0\n"}},
			{"-method concat foo bar", programtest.Result{Stdout: `"foo" + "bar" = "foobar"` + "\n"}},
			{"-method sum 0 0", programtest.Result{Code: 1, Stderr: "error: can't sum two zeroes\n"}},
			{"-method sum 2147483647 1", programtest.Result{Code: 1, Stderr: "error: integer overflow\n"}},
			{"-method concat 01234 567890", programtest.Result{Code: 1, Stderr: "error: result exceeds maximum size\n"}},
		} {
			got := programtest.Run(t, filepath.Join(bin, "addcli"), append(transport, strings.Fields(tt.args)...)...)
			require.Equal(t, tt.want, got, "%v %s", transport, tt.args)
		}
	}
	metrics := programtest.Get(t, p.addr["admin"]+"/metrics")
	require.Contains(t, metrics, "\nexample_addsvc_integers_summed_total 12\n", "two for each of two sums, three times")
	require.Contains(t, metrics, "\nexample_addsvc_characters_concatenated_total 18\n")
	for labels, n := range map[string]string{
		`code="OK",operation="Sum",service="Add",side="server",transport="http"`:                  "4",
		`code="OK",operation="Sum",service="Add",side="server",transport="grpc"`:                  "2",
		`code="OUT_OF_RANGE",operation="Sum",service="Add",side="server",transport="grpc"`:        "1",
		`code="INVALID_ARGUMENT",operation="Concat",service="Add",side="server",transport="grpc"`: "1",
	} {
		require.Contains(t, metrics, "endpoint_calls_total{"+labels+"} "+n+"\n")
	}
	testPrometheus(t, p.addr["admin"], metrics)
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.Wait(t))
}

// soon is less than what calls in flight get to finish, and more than what a busy machine
// needs for the rest.
const soon = server.DefaultGrace - time.Second

// testWatched has a Watch of the health, which lasts until its client leaves, end
// with the program, and say so before.
func testWatched(t *testing.T, bin string) {
	p := launch(t, bin)
	w, err := grpc_health_v1.NewHealthClient(dial(t, p)).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "pb.Add"})
	require.NoError(t, err)
	answer, err := w.Recv()
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, answer.GetStatus())
	begun := time.Now()
	p.Signal(t, syscall.SIGTERM)
	answer, err = w.Recv()
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, answer.GetStatus())
	_, err = w.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
	require.Equal(t, 0, p.Wait(t))
	require.Less(t, time.Since(begun), soon)
}

// testSilent has a connection that says nothing hold the end of the program for no
// longer than a handshake may take.
func testSilent(t *testing.T, bin string) {
	p := launch(t, bin)
	silent, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr["gRPC"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	// What comes after it is answered: it was accepted.
	_, err = pb.NewAddClient(dial(t, p)).Sum(t.Context(), &pb.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	begun := time.Now()
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.Wait(t))
	require.Less(t, time.Since(begun), soon)
}

// A process is addsvc at work.
type process struct {
	*programtest.Process
	addr map[string]string // by the name of the listener
}

// launch starts addsvc on free ports.
func launch(t *testing.T, bin string, args ...string) *process {
	t.Helper()
	const free = "127.0.0.1:0"
	p := programtest.Launch(t, filepath.Join(bin, "addsvc"),
		append([]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", free}, args...)...)
	return &process{p, p.Addresses(t, "HTTP", "gRPC", "admin")}
}

// launchAll starts addsvc on free ports of all transports, with a NATS server of the test, whose
// URL is the address of "NATS".
func launchAll(t *testing.T, bin string, args ...string) *process {
	t.Helper()
	const free = "127.0.0.1:0"
	ns := startNATS(t, &natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT})
	p := programtest.Launch(t, filepath.Join(bin, "addsvc"), append([]string{
		"-http-addr", free, "-grpc-addr", free, "-debug.addr", free,
		"-thrift-addr", free, "-jsonrpc-addr", free, "-netrpc-addr", free, "-nats.url", ns.ClientURL(),
	}, args...)...)
	addr := p.Addresses(t, "HTTP", "gRPC", "Thrift", "JSON-RPC", "net/rpc", "admin")
	addr["NATS"] = ns.ClientURL()
	// It prints its addresses before it has subscribed to the subject of each method.
	promtest.Eventually(t, func() error {
		conns, err := ns.Connz(nil)
		if err != nil || len(conns.Conns) != 1 || conns.Conns[0].NumSubs < 2 {
			return fmt.Errorf("addsvc has not subscribed: %+v, %w", conns, err)
		}
		return nil
	})
	return &process{p, addr}
}

// addresses replaces the addresses of the README.
func (p *process) addresses() *strings.Replacer {
	return strings.NewReplacer("nats://localhost:4222", p.addr["NATS"],
		"localhost:8080", p.addr["admin"], "localhost:8081", p.addr["HTTP"], "localhost:8082", p.addr["gRPC"],
		"localhost:8083", p.addr["Thrift"], "localhost:8084", p.addr["JSON-RPC"], "localhost:8085", p.addr["net/rpc"])
}

// dial returns a connection to the gRPC of the process.
func dial(t *testing.T, p *process) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(p.addr["gRPC"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// beginHTTP begins a call and returns when it is in flight: a server says 100
// when it starts to read the body.
func beginHTTP(t *testing.T, p *process) (finish func(t *testing.T)) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr["HTTP"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	const body = `{"a":1,"b":2}`
	_, err = io.WriteString(conn, "POST /sum HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"+
		"Content-Length: 13\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
	}
	return func(t *testing.T) {
		t.Helper()
		_, err := io.WriteString(conn, body)
		require.NoError(t, err)
		resp, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, `{"v":3}`, string(answer))
	}
}

// beginGRPC begins a call, by a header without a message, and returns when it is
// in flight: a call that follows it on its connection was answered.
func beginGRPC(t *testing.T, p *process) (finish func(t *testing.T)) {
	t.Helper()
	conn := dial(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, pb.Add_Sum_FullMethodName)
	require.NoError(t, err)
	_, err = pb.NewAddClient(conn).Concat(ctx, &pb.ConcatRequest{})
	require.NoError(t, err)
	return func(t *testing.T) {
		t.Helper()
		require.NoError(t, stream.SendMsg(&pb.SumRequest{A: 1, B: 2}))
		require.NoError(t, stream.CloseSend())
		var reply pb.SumReply
		require.NoError(t, stream.RecvMsg(&reply))
		require.Equal(t, int64(3), reply.GetV())
	}
}
