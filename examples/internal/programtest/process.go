package programtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a process may take before it is killed.
const patience = 2 * time.Minute

// A Result is what a process leaves that ended.
type Result struct {
	Code           int // -1 if a signal ended it
	Stdout, Stderr string
}

// Run runs a program to its end. What hangs is killed after two minutes.
func Run(t *testing.T, program string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
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

// A Process is a program at work. Its log is read only as far as the test asks
// for: one that logs more than a pipe holds waits for that.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr *bufio.Scanner
}

// Launch starts a program. It is killed after two minutes, and at the end of the
// test.
func Launch(t *testing.T, program string, args ...string) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	p := &Process{cmd: exec.CommandContext(ctx, program, args...)}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	p.stdout, p.stderr = bufio.NewScanner(stdout), bufio.NewScanner(stderr)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// Listening reads the next line of output, "HTTP on 127.0.0.1:8080", and returns
// what listens and where.
func (p *Process) Listening(t *testing.T) (name, addr string) {
	t.Helper()
	require.True(t, p.stdout.Scan(), "the output ended")
	name, addr, ok := strings.Cut(p.stdout.Text(), " on ")
	require.True(t, ok, "it prints %q", p.stdout.Text())
	return name, addr
}

// Signal sends a signal to the program.
func (p *Process) Signal(t *testing.T, sig os.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(sig))
}

// Await reads the log up to a line with the text.
func (p *Process) Await(t *testing.T, text string) {
	t.Helper()
	for p.stderr.Scan() {
		if strings.Contains(p.stderr.Text(), text) {
			return
		}
	}
	t.Fatalf("the log ends before a line with %q", text)
}

// Wait returns the exit code: -1 if a signal ended the program.
func (p *Process) Wait(t *testing.T) int {
	t.Helper()
	for p.stderr.Scan() { // Wait closes the pipe: nothing may be left in it
	}
	return exitCode(t, p.cmd.Wait())
}

// Stop ends the program as kill does; it must end in good order.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	p.Await(t, "msg=stopping")
	require.Equal(t, 0, p.Wait(t), "the exit code")
}
