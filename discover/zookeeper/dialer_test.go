package zookeeper_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
)

// TestSilentConnection has a connection on which nothing arrives, as after a break of the
// network: another one is made soon, though the time-out of sessions is long.
func TestSilentConnection(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wait.Wait()
	})
	wait.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if n == 0 {
				defer func() { _ = conn.Close() }()
				continue
			}
			wait.Go(func() { pass(conn, p.Addr) })
		}
	})
	stop := register(t, zookeeper.New([]string{l.Addr().String()}, rooms), discover.Instance{Addr: "a:1"})
	client := newClient(t, p.Addr)
	require.Eventually(t, func() bool { return len(names(t, client, rooms)) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
}
