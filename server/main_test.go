package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/leak"
	"github.com/typedkit/endpoint/server"
)

// programKey names the environment variable that makes the test binary a program.
const programKey = "ENDPOINT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if kind := os.Getenv(programKey); kind != "" {
		os.Exit(program(kind))
	}
	os.Exit(leak.Run(m))
}

// program is a main function whose server has one call that ends after a second or never.
func program(kind string) int {
	s := server.New("rooms", server.Log(slog.New(slog.DiscardHandler)))
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun\n")
		_ = http.NewResponseController(w).Flush()
		if kind == "stuck" {
			select {}
		}
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-timer.C:
			_, _ = io.WriteString(w, "done\n")
		case <-r.Context().Done():
		}
	})
	s.Add(server.HTTP(free, mux), server.Flush("logs", func(context.Context) error {
		_, err := os.Stdout.WriteString("flushed\n")
		return err
	}))
	switch kind {
	case "fault":
		return s.Main(nil, errors.New("no database"), errors.New("no table"))
	case "broken":
		s.Add(server.Go("prices", func(context.Context) error { return errors.New("no prices") }))
	}
	return s.Main()
}

// A process is a program that runs.
type process struct {
	*exec.Cmd
	out    *bufio.Reader
	stderr *strings.Builder
}

func start(t *testing.T, kind string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this binary
	cmd.Env = append(os.Environ(), programKey+"="+kind)
	p := &process{Cmd: cmd, stderr: new(strings.Builder)}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	p.out, cmd.Stderr = bufio.NewReader(out), p.stderr
	require.NoError(t, cmd.Start())
	return p
}

// call begins a call of the program, and returns its body after the first line.
func (p *process) call(t *testing.T) *bufio.Reader {
	t.Helper()
	line, err := p.out.ReadString('\n')
	require.NoError(t, err)
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "HTTP on ")
	require.True(t, ok, line)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr, http.NoBody)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	body := bufio.NewReader(resp.Body)
	line, err = body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "begun\n", line)
	return body
}

// end waits for the end of the program, and returns its exit code and what it still wrote.
func (p *process) end(t *testing.T) (code int, out string) {
	t.Helper()
	rest, err := io.ReadAll(p.out)
	require.NoError(t, err)
	_ = p.Wait()
	return p.ProcessState.ExitCode(), string(rest)
}

// TestMainSignals sends signals to a program with a call in flight.
func TestMainSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "slow")
			body := p.call(t)
			require.NoError(t, p.Process.Signal(sig))
			rest, err := io.ReadAll(body)
			require.NoError(t, err)
			require.Equal(t, "done\n", string(rest), "the call is finished")
			code, out := p.end(t)
			require.Zero(t, code, p.stderr)
			require.Equal(t, "flushed\n", out)
			require.Empty(t, p.stderr.String())
		})
	}
}

// TestMainSecondSignal has a call that never ends.
func TestMainSecondSignal(t *testing.T) {
	t.Parallel()
	p := start(t, "stuck")
	p.call(t)
	begun := time.Now()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	code, out := p.end(t)
	require.Equal(t, 1, code)
	require.Empty(t, out, "nothing is flushed")
	require.Regexp(t, "^rooms: a second signal: (interrupt|terminated)\n$", p.stderr.String()) // either may come first
	require.Less(t, time.Since(begun), server.DefaultGrace)
}

// TestMainFaults has programs that cannot serve.
func TestMainFaults(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"fault":  "rooms: no database\nrooms: no table\n",
		"broken": "rooms: prices: no prices\n",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := start(t, kind)
			code, _ := p.end(t)
			require.Equal(t, 1, code)
			require.Equal(t, want, p.stderr.String())
		})
	}
}
