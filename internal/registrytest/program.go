package registrytest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// roleEnv names the environment variable that makes the test binary a server. Its value is
// the address of the registry.
const roleEnv = "REGISTRYTEST_ROLE"

// service is the name of the service.
const service = "rooms"

// rooms is the service of the servers: each answers with its address.
type rooms struct {
	Who endpoint.Endpoint[struct{}, who]
}

type who struct {
	Process int `json:"process"`
}

// HTTP describes the service.
func (r *rooms) HTTP(routes *httpx.Routes) { routes.GET("/who", &r.Who) }

// serve is the main func of a server that registers. It ends with SIGTERM, or when the test
// has ended, and never returns.
func (s Suite) serve(t *testing.T, role string) {
	t.Helper()
	registry := s.Registry(t, role, service)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	self := who{os.Getpid()}
	srv := server.New(service, server.Propagation(time.Second))
	mux := http.NewServeMux()
	err := httpx.Mount(mux, &rooms{Who: func(context.Context, struct{}) (who, error) { return self, nil }}, httpx.Use(srv))
	srv.Add(server.HTTP("127.0.0.1:0", mux, server.Register(registry, server.As(discover.Instance{Zone: "eu-1a"}))))
	os.Exit(srv.Main(err))
}

// A program is a server in a process of its own.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	addr   string
	exited chan struct{}
	stop   io.Closer
}

// launch starts a server that registers at the registry at addr.
func (s Suite) launch(t *testing.T, addr string) *program {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), roleEnv+"="+addr)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: cmd, exited: make(chan struct{}), stop: stdin}
	t.Cleanup(func() { p.end(log.Name()) })
	p.run(stdout)
	return p
}

// run reads the address, and then waits for the end of the process.
func (p *program) run(stdout io.Reader) {
	p.t.Helper()
	lines := bufio.NewScanner(stdout)
	for p.addr == "" && lines.Scan() {
		if _, addr, ok := strings.Cut(lines.Text(), " on "); ok {
			p.addr = addr
		}
	}
	go func() {
		defer close(p.exited)
		_, _ = io.Copy(io.Discard, stdout)
		_ = p.cmd.Wait()
	}()
	if p.addr == "" {
		p.t.Fatal("the server prints no address")
	}
}

func (p *program) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("%v: %v", sig, err)
	}
}

// wait waits for the end of the process and returns its exit code, -1 after a signal.
func (p *program) wait() int {
	p.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.t.Fatalf("the server has not ended after %v", patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *program) end(logFile string) {
	_ = p.stop.Close()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
	<-p.exited
	if log, err := os.ReadFile(logFile); err == nil && p.t.Failed() {
		p.t.Logf("the server at %s says:\n%s", p.addr, log[max(0, len(log)-2048):])
	}
}

// killedProcess has a process that is killed: its instance is known until its lease ends.
func (s Suite) killedProcess(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	w := watch(t, "the watch", s.Registry(t, p.Addr, service))
	srv := s.launch(t, p.Addr)
	w.addrs(patience, srv.addr)
	srv.signal(syscall.SIGKILL)
	took := w.addrs(s.Lease + 2*comeback)
	t.Logf("it was known for %v, with a lease of %v", took.Round(time.Millisecond), s.Lease)
}

// stoppedProcess has a process that stops: its instance is taken out at once, while it still
// serves.
func (s Suite) stoppedProcess(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	w := watch(t, "the watch", s.Registry(t, p.Addr, service))
	srv := s.launch(t, p.Addr)
	w.addrs(patience, srv.addr)
	srv.signal(syscall.SIGTERM)
	took := w.addrs(min(comeback, s.Lease/2))
	t.Logf("it was known for %v", took.Round(time.Millisecond))
	if code := srv.wait(); code != 0 {
		t.Errorf("the exit code is %d", code)
	}
}

// suspendedProcess has a process whose clock jumps: it stands still for longer than its
// lease, as the process of a machine that sleeps does.
func (s Suite) suspendedProcess(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	w := watch(t, "the watch", s.Registry(t, p.Addr, service))
	srv := s.launch(t, p.Addr)
	w.addrs(patience, srv.addr)
	srv.signal(syscall.SIGSTOP)
	w.addrs(s.Lease + 2*comeback)
	srv.signal(syscall.SIGCONT)
	took := w.addrs(comeback, srv.addr)
	t.Logf("it was known again after %v", took.Round(time.Millisecond))
	srv.signal(syscall.SIGTERM)
	w.addrs(comeback)
}
