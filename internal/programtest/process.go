package programtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience returns how long a process may take before it is killed: two minutes, and twenty
// if ENDPOINT_LONG is set.
func patience() time.Duration {
	if os.Getenv("ENDPOINT_LONG") != "" {
		return 20 * time.Minute
	}
	return 2 * time.Minute
}

// A Result is what a process leaves that ended.
type Result struct {
	Code           int // -1 if a signal ended it
	Stdout, Stderr string
}

// Run runs a program to its end. What hangs is killed after a while.
func Run(t *testing.T, program string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience())
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = environ(), &stdout, &stderr
	err := cmd.Run()
	return Result{exitCode(t, err), stdout.String(), stderr.String()}
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

// A Process is a program at work.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	ended          chan struct{} // closed when err is set
	err            error
}

// Launch starts a program. It is killed after a while, and at the end of the test.
func Launch(t *testing.T, program string, args ...string) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience())
	p := &Process{stdout: newOutput(), stderr: newOutput(), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environ(), p.stdout, p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
		p.stdout.end()
		p.stderr.end()
	}()
	t.Cleanup(func() { cancel(); <-p.ended })
	return p
}

// Line reads the next line of output.
func (p *Process) Line(t *testing.T) string {
	t.Helper()
	line, ok := p.stdout.next()
	require.True(t, ok, "the output ended; log:\n%s", p.stderr)
	return line
}

// Listening reads the next line of output, "HTTP on 127.0.0.1:8080", and returns
// the name of a listener and its address.
func (p *Process) Listening(t *testing.T) (name, addr string) {
	t.Helper()
	line := p.Line(t)
	name, addr, ok := strings.Cut(line, " on ")
	require.True(t, ok, "it prints %q", line)
	return name, addr
}

// Addresses reads the addresses of the listeners with these names, in this order.
func (p *Process) Addresses(t *testing.T, names ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, want := range names {
		name, addr := p.Listening(t)
		require.Equal(t, want, name)
		all[name] = addr
	}
	return all
}

// Signal sends a signal to the program.
func (p *Process) Signal(t *testing.T, sig os.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(sig))
}

// Await reads the log up to a line with the text, and returns the line.
func (p *Process) Await(t *testing.T, text string) string {
	t.Helper()
	for {
		line, ok := p.stderr.next()
		require.True(t, ok, "the log ends before a line with %q:\n%s", text, p.stderr)
		if strings.Contains(line, text) {
			return line
		}
	}
}

// AwaitMatch reads the log up to a line that matches the pattern.
func (p *Process) AwaitMatch(t *testing.T, pattern *regexp.Regexp) {
	t.Helper()
	for {
		line, ok := p.stderr.next()
		require.True(t, ok, "the log ends before a line that matches %s:\n%s", pattern, p.stderr)
		if pattern.MatchString(line) {
			return
		}
	}
}

// SkipLog passes over what the program has logged so far: Await looks at what follows.
func (p *Process) SkipLog() { p.stderr.skip() }

// Wait returns the exit code: -1 if a signal ended the program.
func (p *Process) Wait(t *testing.T) int {
	t.Helper()
	<-p.ended
	return exitCode(t, p.err)
}

// Log returns what the program has written to standard error so far.
func (p *Process) Log() string { return p.stderr.String() }

// Draining is in the line of the log that tells of the beginning of a stop.
const Draining = "endpoint.kind=draining"

// Stop ends the program as kill does; it must end in good order.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.Wait(t), "the exit code; log:\n%s", p.stderr)
}

// Get returns the body of a URL without its "http://"; the status must be 200.
func Get(t *testing.T, url string) string {
	t.Helper()
	status, body := Ask(t, url)
	require.Equal(t, http.StatusOK, status, "%s: %s", url, body)
	return body
}

// Ask returns the status and the body of a URL without its "http://".
func Ask(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+url, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}
