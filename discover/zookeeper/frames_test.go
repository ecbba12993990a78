package zookeeper_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/zookeeper"
)

// TestOtherProtocol has an address where something else than ZooKeeper answers: there are
// errors that say so, and neither a panic nor a wait without end.
func TestOtherProtocol(t *testing.T) {
	t.Parallel()
	welcome := "\x00\x00\x00\x25" + strings.Repeat("\x00", 4) + "\x00\x00\x10\x00" + // a session of 4 s
		strings.Repeat("\x01", 8) + "\x00\x00\x00\x10" + strings.Repeat("\x02", 16) + "\x00"
	for name, tt := range map[string]struct{ answer, err string }{
		"HTTP":                {"HTTP/1.1 400 Bad Request\r\n\r\n", ": zookeeper: a message of 1213486160 bytes, want 16 to 16777216"},
		"an empty message":    {"\x00\x00\x00\x00", ": zookeeper: a message of 0 bytes, want 16 to 16777216"},
		"part of a message":   {welcome[:20], ": i/o timeout"},
		"a size that is cut":  {welcome[:2], ": i/o timeout"},
		"a short event":       {welcome + "\x00\x00\x00\x04\xff\xff\xff\xff", "zookeeper: the connection is lost"},
		"an answer too large": {welcome + "\x7f\xff\xff\xff", "zookeeper: the connection is lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news := watch(t, zookeeper.New([]string{say(t, tt.answer)}, rooms))
			var errs []string
			for range 20 {
				n := <-news
				require.Error(t, n.err)
				errs = append(errs, n.err.Error())
				if strings.HasSuffix(n.err.Error(), tt.err) {
					return
				}
			}
			t.Errorf("no error ends in %q: %q", tt.err, errs)
		})
	}
}

// say starts what answers each connection in the same way, and keeps it.
func say(t *testing.T, answer string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wait.Wait()
	})
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.WriteString(conn, answer)
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	return l.Addr().String()
}
