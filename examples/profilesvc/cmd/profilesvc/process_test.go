package main

import (
	"bufio"
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
)

// TestProcess runs the program as a process of its own.
func TestProcess(t *testing.T) {
	t.Parallel()
	bin := build(t)

	t.Run("a wrong flag", func(t *testing.T) {
		t.Parallel()
		out, err := exec.CommandContext(t.Context(), bin, "-nope").CombinedOutput()
		require.Equal(t, 2, exitCode(t, err))
		require.Contains(t, string(out), "-nope")
	})

	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String()+" while a call is in flight", func(t *testing.T) {
			t.Parallel()
			p := launch(t, bin)
			c := p.post(t)
			p.signal(t, sig)
			p.await(t, "msg=stopping")
			require.Equal(t, `200 {}`, c.finish(t))
			p.await(t, "operation=Profiles.Post")
			require.Equal(t, 0, p.wait(t))
		})
	}

	t.Run("a second signal", func(t *testing.T) {
		t.Parallel()
		p := launch(t, bin)
		c := p.post(t)
		p.signal(t, syscall.SIGTERM)
		p.await(t, "msg=stopping")
		p.signal(t, syscall.SIGTERM)
		require.Equal(t, -1, p.wait(t), "a process that a signal ended has no code")
		_, err := c.reader.ReadByte()
		require.Error(t, err, "the call goes on")
	})
}

// build builds the program and returns its file.
func build(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		if os.Getenv("ENDPOINT_CI") != "" {
			t.Fatal("the go command is missing: ", err)
		}
		t.Skip("the go command is missing, so the program cannot be built: ", err)
	}
	bin := filepath.Join(t.TempDir(), "profilesvc")
	// Stamping asks git, which may not trust the owner of the checkout.
	out, err := exec.CommandContext(t.Context(), tool, "build", "-buildvcs=false", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, "go build: %s", out)
	return bin
}

// A process is the program at work.
type process struct {
	cmd    *exec.Cmd
	addr   string
	stderr *bufio.Scanner
}

// launch starts the program on a free port. What hangs is killed after a minute.
func launch(t *testing.T, bin string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, bin, "-http.addr", "127.0.0.1:0")}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	p.stderr = bufio.NewScanner(stderr)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.addr = address(t, stdout)
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

// A call is a request whose header is sent and whose body is not.
type call struct {
	conn   net.Conn
	reader *bufio.Reader
}

const (
	profile = `{"id":"1"}`
	header  = "POST /profiles/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" +
		"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
)

// post begins a call and returns when it is in flight: a server says 100 when
// it starts to read the body.
func (p *process) post(t *testing.T) *call {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	c := &call{conn, bufio.NewReader(conn)}
	_, err = io.WriteString(conn, header)
	require.NoError(t, err)
	line, err := c.reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = c.reader.ReadString('\n')
	require.NoError(t, err)
	return c
}

// finish sends the body, and returns the status and the body of the answer.
func (c *call) finish(t *testing.T) string {
	t.Helper()
	_, err := io.WriteString(c.conn, profile)
	require.NoError(t, err)
	resp, err := http.ReadResponse(c.reader, nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.Status[:4] + string(body)
}
