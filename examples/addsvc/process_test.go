package addsvc_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/addsvc/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestProcesses runs the programs as processes of their own.
func TestProcesses(t *testing.T) {
	t.Parallel()
	bin := build(t)

	t.Run("calls", func(t *testing.T) { t.Parallel(); testCalls(t, bin) })
	t.Run("README", func(t *testing.T) { t.Parallel(); testReadme(t, bin) })
	t.Run("Jaeger", func(t *testing.T) { t.Parallel(); testJaeger(t, bin) })
	t.Run("wrong arguments", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, result{code: 2, stderr: "addsvc: unexpected argument \"x\"\n"}, execute(t, filepath.Join(bin, "addsvc"), "x"))
		require.Equal(t, 2, execute(t, filepath.Join(bin, "addcli"), "-nope").code)
	})
	for name, begin := range map[string]func(t *testing.T, p *process) (finish func(t *testing.T)){
		"HTTP": beginHTTP, "gRPC": beginGRPC,
	} {
		for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
			t.Run(sig.String()+" while a call over "+name+" is in flight", func(t *testing.T) {
				t.Parallel()
				p := launch(t, bin)
				finish := begin(t, p)
				p.signal(t, sig)
				p.await(t, "msg=stopping")
				finish(t)
				p.await(t, "operation=Add.Sum")
				require.Equal(t, 0, p.wait(t))
			})
		}
		t.Run("a second signal while a call over "+name+" is in flight", func(t *testing.T) {
			t.Parallel()
			p := launch(t, bin)
			begin(t, p)
			p.signal(t, syscall.SIGTERM)
			p.await(t, "msg=stopping")
			p.signal(t, syscall.SIGTERM)
			require.Equal(t, -1, p.wait(t), "a process that a signal ended has no code")
		})
	}
}

// testCalls has the same lines over either transport.
func testCalls(t *testing.T, bin string) {
	p := launch(t, bin)
	for _, transport := range [][]string{{"-http-addr", p.addr["HTTP"]}, {"-http-addr", "http://" + p.addr["HTTP"]}, {"-grpc-addr", p.addr["gRPC"]}} {
		for _, tt := range []struct {
			args string
			want result
		}{
			{"1 2", result{stdout: "1 + 2 = 3\n"}},
			{"-method sum -- 7 -7", result{stdout: "7 + -7 = 0\n"}},
			{"-method concat foo bar", result{stdout: `"foo" + "bar" = "foobar"` + "\n"}},
			{"-method sum 0 0", result{code: 1, stderr: "error: can't sum two zeroes\n"}},
			{"-method sum 2147483647 1", result{code: 1, stderr: "error: integer overflow\n"}},
			{"-method concat 01234 567890", result{code: 1, stderr: "error: result exceeds maximum size\n"}},
		} {
			got := execute(t, filepath.Join(bin, "addcli"), append(transport, strings.Fields(tt.args)...)...)
			require.Equal(t, tt.want, got, "%v %s", transport, tt.args)
		}
	}
	resp, err := http.Get("http://" + p.addr["debug"] + "/metrics") //nolint:noctx // a test
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	metrics, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	for labels, n := range map[string]string{
		`code="OK",operation="Sum",service="Add",side="server",transport="http"`:                  "4",
		`code="OK",operation="Sum",service="Add",side="server",transport="grpc"`:                  "2",
		`code="OUT_OF_RANGE",operation="Sum",service="Add",side="server",transport="grpc"`:        "1",
		`code="INVALID_ARGUMENT",operation="Concat",service="Add",side="server",transport="grpc"`: "1",
	} {
		require.Contains(t, string(metrics), "endpoint_calls_total{"+labels+"} "+n+"\n")
	}
	testPrometheus(t, p.addr["debug"], metrics)
	p.signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.wait(t))
}

// build builds both programs and returns their folder.
func build(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		if os.Getenv("ENDPOINT_CI") != "" {
			t.Fatal("the go command is missing: ", err)
		}
		t.Skip("the go command is missing, so the programs cannot be built: ", err)
	}
	bin := t.TempDir()
	// Stamping asks git, which may not trust the owner of the checkout.
	out, err := exec.CommandContext(t.Context(), tool, "build", "-buildvcs=false", "-o", bin, "./cmd/...").CombinedOutput()
	require.NoError(t, err, "go build: %s", out)
	return bin
}

// result is what a process that ended leaves.
type result struct {
	code           int
	stdout, stderr string
}

// execute runs a program to its end. What hangs is killed after a minute.
func execute(t *testing.T, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return result{exitCode(t, err), stdout.String(), stderr.String()}
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// A process is addsvc at work.
type process struct {
	cmd    *exec.Cmd
	addr   map[string]string // by the name of the part
	stderr *bufio.Scanner
}

// launch starts addsvc on free ports. What hangs is killed after a minute.
func launch(t *testing.T, bin string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	const free = "127.0.0.1:0"
	p := &process{
		cmd: exec.CommandContext(ctx, filepath.Join(bin, "addsvc"),
			append([]string{"-http-addr", free, "-grpc-addr", free, "-debug.addr", free}, args...)...),
		addr: map[string]string{},
	}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	p.stderr = bufio.NewScanner(stderr)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for len(p.addr) < 3 && lines.Scan() {
		name, addr, ok := strings.Cut(lines.Text(), " on ")
		require.True(t, ok, "it prints %q", lines.Text())
		p.addr[name] = addr
	}
	require.Len(t, p.addr, 3, "the output ended")
	return p
}

func (p *process) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(sig))
}

// await reads the log up to a line with the text.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	for p.stderr.Scan() {
		if strings.Contains(p.stderr.Text(), text) {
			return
		}
	}
	t.Fatalf("the log ends before a line with %q", text)
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	for p.stderr.Scan() { // Wait closes the pipe: nothing may be left in it
	}
	return exitCode(t, p.cmd.Wait())
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
	conn, err := grpc.NewClient(p.addr["gRPC"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
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
