package server_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

func TestLimitsFaults(t *testing.T) {
	t.Parallel()
	h := http.NotFoundHandler()
	for _, tt := range []struct {
		name  string
		s     func() *server.Server
		wants []string
	}{
		{"of the server", func() *server.Server {
			return server.New("x", quiet(), server.Limits(server.HeaderTime(0), server.IdleTime(-1), server.HeaderBytes(0), server.Streams(-2)))
		}, []string{
			"server: New: Limits: HeaderTime must be positive, got 0s", "server: New: Limits: IdleTime must be positive, got -1ns",
			"server: New: Limits: HeaderBytes must be positive, got 0", "server: New: Limits: Streams must be positive, got -2",
		}},
		{"of a listener", func() *server.Server {
			s := server.New("x", quiet())
			s.Add(server.HTTP(free, h, server.Limits(server.Connections(0), server.PeerConnections(-1), server.Progress(0), nil)))
			return s
		}, []string{
			"server: HTTP: Limits: Connections must be positive, got 0", "server: HTTP: Limits: PeerConnections must be positive, got -1",
			"server: HTTP: Limits: Progress must be positive, got 0s", "server: HTTP: Limits: limit 3 is nil",
		}},
		{"of HTTP, for gRPC", func() *server.Server {
			s := server.New("x", quiet())
			s.Add(server.GRPC(free, grpc.NewServer(), nil, server.Limits(server.Connections(5), server.Streams(4))))
			return s
		}, []string{"server: gRPC: Limits: only Connections and PeerConnections hold for a listener that is not HTTP"}},
	} {
		err := tt.s().Err()
		for _, want := range tt.wants {
			require.ErrorContains(t, err, want, tt.name)
		}
		require.Len(t, strings.Split(err.Error(), "\n"), len(tt.wants), tt.name)
	}
	s := server.New("x", quiet(), server.Limits(server.Streams(1)))
	s.Add(server.GRPC(free, grpc.NewServer(), nil, server.Limits(server.Connections(5), server.PeerConnections(2))))
	require.NoError(t, s.Err())
}

// TestLimits has limits of a server and of one of its listeners, by what a client sees.
func TestLimits(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("x", quiet(), server.Announce(lines), server.Limits(server.HeaderBytes(5000), server.Connections(10)))
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	s.Add(
		server.HTTP(free, h),
		server.HTTP(free, h, server.Named("large"), server.Limits(server.HeaderBytes(50_000), server.Connections(20), server.PeerConnections(20))),
		server.HTTP(free, h, server.Named("slow"), server.Limits(server.HeaderTime(50*time.Millisecond))))
	stop := running(t, s)
	addrs := []string{lines.addr(t, "HTTP"), lines.addr(t, "large"), lines.addr(t, "slow")}
	for i, want := range []string{"431 Request Header Fields Too Large", "200 OK"} {
		require.Equal(t, want, statusOf(t, addrs[i], "X: "+strings.Repeat("x", 20_000)), addrs[i])
	}
	// 9 are nine tenths of 10, and the ones that wait make room.
	require.Equal(t, 9, open(t, addrs[0], 12))
	require.Equal(t, 12, open(t, addrs[1], 12))

	c, err := net.Dial("tcp", addrs[2])
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	require.NoError(t, err) // its end
	require.NoError(t, c.Close())
	require.NoError(t, stop())
}

// statusOf sends a request with a header and returns the status.
func statusOf(t *testing.T, addr, header string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+header+"\r\n\r\n")
	require.NoError(t, err)
	answer, _ := io.ReadAll(c) // it may be reset, where the server left some of the header
	require.NoError(t, c.Close())
	line, _, _ := strings.Cut(string(answer), "\r\n")
	return strings.TrimPrefix(line, "HTTP/1.1 ")
}

// open opens n connections and returns how many stay open.
func open(t *testing.T, addr string, n int) (left int) {
	t.Helper()
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		conns = append(conns, c)
	}
	// The last one is served, so all before it were accepted.
	last := conns[n-1]
	_, err := io.WriteString(last, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = last.Read(make([]byte, 1))
	require.NoError(t, err)
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			left++
		}
		_ = c.Close()
	}
	return left
}

// TestUnixSocket has a listener on a unix socket, which cannot be registered.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "server") //nolint:usetesting // that of TempDir may be too long
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "s")
	lines := newAnnouncements()
	s := server.New("x", quiet(), server.Announce(lines))
	s.Add(server.HTTP("unix:"+path, http.NotFoundHandler()))
	stop := running(t, s)
	require.Equal(t, "unix:"+path, lines.addr(t, "HTTP"))
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, stop())
	require.NoFileExists(t, path)

	s = server.New("x", quiet())
	s.Add(server.HTTP("unix:"+path, http.NotFoundHandler(), server.Register(&registrar{journal: newJournal(), after: well})))
	require.EqualError(t, s.Err(), "server: HTTP: Register: other hosts cannot reach unix:"+path)
}

// TestLimitsOfGRPC has a server of gRPC refuse a connection, which the admin page shows.
func TestLimitsOfGRPC(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("x", quiet(), server.Announce(lines))
	s.Add(server.GRPC(free, grpc.NewServer(), nil, server.Limits(server.Connections(1))), server.Admin(free))
	stop := running(t, s)
	addr, admin := lines.addr(t, "gRPC"), lines.addr(t, "admin")
	first, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = first.Read(make([]byte, 1)) // settings of HTTP/2, after which it is counted
	require.NoError(t, err)
	second, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = io.ReadAll(second)
	require.NoError(t, err) // its end

	resp, err := http.Get("http://" + admin + "/live") //nolint:noctx // of a test
	require.NoError(t, err)
	events := bufio.NewReader(resp.Body)
	var line string
	for !strings.Contains(line, `"gauges":[`) {
		line, err = events.ReadString('\n')
		require.NoError(t, err)
	}
	for metric, value := range map[string]string{"connections": "1", "connections_displaced": "0", "connections_refused": "1"} {
		require.Regexp(t, `{"source":"listener","name":"gRPC","metric":"`+metric+`"[^}]*"value":`+value+`[^0-9]`, line)
	}
	require.NoError(t, resp.Body.Close())
	for _, c := range []net.Conn{first, second} {
		require.NoError(t, c.Close())
	}
	require.NoError(t, stop())
}
