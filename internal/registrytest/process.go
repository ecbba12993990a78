package registrytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTime is how long a server may take until it answers.
const startTime = 60 * time.Second

// A Process is the server of a registry. It is killed at the end of the test.
type Process struct {
	Addr string // where it is reached

	t       *testing.T
	base    string
	starts  int    // with data of their own
	dir     string // of the data at present
	command func(dir string) *exec.Cmd
	ready   func(ctx context.Context) error
	cmd     *exec.Cmd
	exited  chan struct{}
}

// Launch starts a process that listens on addr (see [Addr]). command returns the command
// with dir as the folder of all its data, which it may have used before. Launch returns when
// ready, which it calls again and again with a second of time, has returned nil.
func Launch(t *testing.T, addr string, command func(dir string) *exec.Cmd, ready func(ctx context.Context) error) *Process {
	t.Helper()
	p := &Process{Addr: addr, t: t, base: t.TempDir(), command: command, ready: ready}
	t.Cleanup(p.end)
	p.StartEmpty()
	return p
}

// Addr returns an address on which nothing listens, and which no other call of Addr on this
// machine returns before t ends. It is below the range from which systems take the ports of
// outgoing connections, so that a process that was killed finds it free again.
func Addr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if addr := fmt.Sprintf("127.0.0.1:%d", port); reserve(t, port) && isFree(addr) {
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// reserve reserves a port among the tests of this machine, by an abstract socket of its name.
func reserve(t *testing.T, port int) bool {
	t.Helper()
	l, err := net.Listen("unix", fmt.Sprintf("@endpoint-registrytest-%d", port))
	if err != nil {
		return false
	}
	t.Cleanup(func() { _ = l.Close() })
	return true
}

func isFree(addr string) bool {
	l, err := net.Listen("tcp", addr)
	return err == nil && l.Close() == nil
}

// Stop silences the process: its connections stay, and it answers nothing. It returns when
// all threads have stopped, which is a little after the signal.
func (p *Process) Stop() {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !p.stopped() {
		select {
		case <-tick.C:
		case <-deadline.C:
			p.t.Fatalf("%v runs on %v after SIGSTOP", p.cmd.Args, patience)
		}
	}
}

// stopped reports whether no thread runs, by what Linux says of them.
func (p *Process) stopped() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
	for _, file := range threads {
		text, readErr := os.ReadFile(file)
		if readErr != nil || !strings.Contains(string(text), "\nState:\tT") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// Continue ends a Stop.
func (p *Process) Continue() { p.signal(syscall.SIGCONT) }

// Kill kills the process, and waits for its end.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// StartEmpty starts the process after a Kill, at the same address and without its data.
// It returns when the process answers.
func (p *Process) StartEmpty() {
	p.t.Helper()
	p.starts++
	p.dir = filepath.Join(p.base, fmt.Sprint(p.starts))
	if err := os.Mkdir(p.dir, 0o750); err != nil {
		p.t.Fatal(err)
	}
	p.Start()
}

// Start starts the process after a Kill, at the same address and with its data. It returns
// when the process answers.
func (p *Process) Start() {
	p.t.Helper()
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	p.cmd = p.command(p.dir)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		defer close(exited)
		_ = cmd.Wait()
	}(p.cmd, p.exited)
	p.await()
}

func (p *Process) logFile() string { return filepath.Join(p.base, "log") }

// await waits until the process is ready.
func (p *Process) await() {
	p.t.Helper()
	deadline := time.NewTimer(startTime)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-p.exited:
			p.t.Fatalf("%v ended before it was ready: %v", p.cmd.Args, p.cmd.ProcessState)
		case <-deadline.C:
			p.t.Fatalf("%v is not ready after %v: %v", p.cmd.Args, startTime, err)
		}
	}
}

func (p *Process) try() error {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
	defer cancel()
	return p.ready(ctx)
}

func (p *Process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("%v %v: %v", sig, p.cmd.Args, err)
	}
}

// end kills the process if it runs, and shows the end of its log if the test has failed.
func (p *Process) end() {
	if p.exited != nil {
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	if text, err := os.ReadFile(p.logFile()); err == nil && p.t.Failed() {
		p.t.Logf("%v says:\n%s", p.cmd.Args, text[max(0, len(text)-4096):])
	}
}
