package zookeeper_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// startServer starts ZooKeeper as a process of its own.
func startServer(t *testing.T) *registrytest.Process {
	t.Helper()
	return startMember(t, registrytest.Addr(t), 0)
}

// startMember starts a member of an ensemble, or a server of its own if id is 0.
func startMember(t *testing.T, addr string, id int, lines ...string) *registrytest.Process {
	t.Helper()
	java, jar := registrytest.ZooKeeperCommand(t)
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	return registrytest.Launch(t, addr, func(dir string) *exec.Cmd {
		config := filepath.Join(dir, "zoo.cfg")
		text := strings.Join(append([]string{
			"tickTime=500", "minSessionTimeout=1000", "maxClientCnxns=0", "admin.enableServer=false", "4lw.commands.whitelist=*",
			"dataDir=" + dir, "clientPort=" + port, "clientPortAddress=" + host,
		}, lines...), "\n")
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "myid"), fmt.Append(nil, id), 0o600))
		return exec.Command(java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no", //nolint:noctx // it ends with the test
			"-cp", jar, "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)
	}, func(ctx context.Context) error { return ready(ctx, addr, id) })
}

// ready reports why a server does not answer yet. It need not be ready if it waits for others.
func ready(ctx context.Context, addr string, id int) error {
	text, err := word(ctx, addr, "srvr")
	if err == nil && id == 0 && !strings.Contains(text, "Mode: ") {
		err = fmt.Errorf("it says %q", text)
	}
	return err
}

// word asks a server with one of its four-letter words.
func word(ctx context.Context, addr, word string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, word); err != nil {
		return "", err
	}
	text, err := io.ReadAll(bufio.NewReader(conn))
	return string(text), err
}

const lease = 4 * time.Second

func newRegistry(_ *testing.T, addr, service string) registrytest.Registry {
	return zookeeper.New([]string{addr}, "/services/"+service, zookeeper.TTL(lease))
}

// A quiet is a zk.Logger that logs nothing.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// newClient returns a client that is closed with the test.
func newClient(t *testing.T, addr string) *zk.Conn {
	t.Helper()
	client, _, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogger(quiet{}), zk.WithLogInfo(false))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// put writes a node, and makes those above it.
func put(t *testing.T, client *zk.Conn, path, data string) {
	t.Helper()
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		if _, err := client.Create(path[:i], nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
			require.ErrorIs(t, err, zk.ErrNodeExists)
		}
	}
	_, err := client.Create(path, []byte(data), 0, zk.WorldACL(zk.PermAll))
	if err != nil {
		require.ErrorIs(t, err, zk.ErrNodeExists)
		_, err = client.Set(path, []byte(data), -1)
	}
	require.NoError(t, err)
}

// names returns the names of the children of a node, which may be missing.
func names(t *testing.T, client *zk.Conn, path string) []string {
	t.Helper()
	children, _, err := client.Children(path)
	if err != nil {
		require.ErrorIs(t, err, zk.ErrNoNode)
	}
	return children
}

// clearChildren deletes the children of a node.
func clearChildren(t *testing.T, client *zk.Conn, path string) {
	t.Helper()
	for _, name := range names(t, client, path) {
		if err := client.Delete(path+"/"+name, -1); err != nil {
			require.ErrorIs(t, err, zk.ErrNoNode)
		}
	}
}

// A journal keeps the events of a registry.
type journal struct {
	mu     sync.Mutex // guards the fields below
	events []endpoint.Event
}

func (j *journal) add(_ context.Context, e endpoint.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

// of returns the details of the events of a kind, and their errors.
func (j *journal) of(kind string) (details, errs []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == kind {
			details = append(details, e.Detail)
			errs = append(errs, fmt.Sprint(e.Err))
		}
	}
	return details, errs
}

// yielded is what a Watch yields.
type yielded struct {
	set []discover.Instance
	err error
}

// watch follows a source until the test ends.
func watch(t *testing.T, source discover.Source) <-chan yielded {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	news := make(chan yielded, 1000)
	var following sync.WaitGroup
	following.Go(func() {
		for set, err := range source.Watch(ctx) {
			news <- yielded{set, err}
		}
	})
	t.Cleanup(func() {
		cancel()
		following.Wait()
	})
	return news
}

// await waits for a set with these addresses, and fails for every error that allowed does
// not allow.
func await(t *testing.T, news <-chan yielded, allowed func(error) bool, addrs ...string) {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	last := "nothing"
	for {
		select {
		case n := <-news:
			if n.err != nil {
				require.True(t, allowed != nil && allowed(n.err), n.err)
				continue
			}
			got := make([]string, len(n.set))
			for i, in := range n.set {
				got[i] = in.Addr
			}
			if last = strings.Join(got, " "); last == strings.Join(addrs, " ") {
				return
			}
		case <-timer.C:
			t.Fatalf("no set of %q; the last one is of %s", addrs, last)
		}
	}
}

// anyError allows every error.
func anyError(error) bool { return true }

// register registers an instance until stop, which returns the error of Register.
func register(t *testing.T, r discover.Registrar, in discover.Instance) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Register(ctx, in) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}
