package redislimit_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

const (
	// slow is a rate at which no token comes back during a test.
	slow = 0.001
	// patience is how long the tests wait for Redis on a slow machine.
	patience = 20 * time.Second
)

// A server is a process of redis-server.
type server struct {
	addr string
	args []string
	cmd  *exec.Cmd
	logs bytes.Buffer
}

// newServer starts a redis-server, with more arguments. The test is skipped without the
// program, and fails without it where ENDPOINT_CI is set.
func newServer(t *testing.T, args ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("ENDPOINT_CI") != "" {
		t.Fatalf("%v (it is in Debian's package redis-server)", err)
	}
	if err != nil {
		t.Skipf("needs redis-server: %v", err)
	}
	addr := freeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	s := &server{addr: addr, args: append([]string{
		path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, args...)}
	s.start(t)
	t.Cleanup(s.kill)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("redis-server says:\n%s", s.logs.String())
		}
	})
	return s
}

// freeAddress returns an address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// start starts the process, without data, and waits until it answers.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...) //nolint:noctx // it ends with the test, by kill
	s.cmd.Stdout, s.cmd.Stderr = &s.logs, &s.logs
	require.NoError(t, s.cmd.Start())
	client := newClient(t, s)
	eventually(t, "redis-server answers", func() bool { return client.Ping(t.Context()).Err() == nil })
}

// pause stops the process until resume: its connections stay, and nothing answers.
func (s *server) pause(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
}

func (s *server) resume(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// newClient returns a client with the options that most programs have.
func newClient(t *testing.T, s *server) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// eventually waits until the condition is true, for as long as a slow machine may take.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		}
	}
}

// wait lets d pass by the clock of the machine, which is that of Redis, too.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// take asks n times and returns how many tokens it got.
func take(t *testing.T, throttle *redislimit.Throttle, key string, n int) int {
	t.Helper()
	got := 0
	for range n {
		ok, _, err := throttle.Allow(t.Context(), key)
		require.NoError(t, err)
		if ok {
			got++
		}
	}
	return got
}

// oneKey returns the only key in Redis.
func oneKey(t *testing.T, client *redis.Client) string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	return keys[0]
}
