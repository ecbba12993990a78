package httpserver_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
)

// TestNew has clients that would hold a connection for ever, or fill the memory.
func TestNew(t *testing.T) {
	t.Parallel()
	const body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
	for _, tt := range []struct {
		name   string
		sends  string
		within time.Duration
		answer string // its first line
	}{
		{"nothing", "", 5 * time.Second, ""},
		{"half a header", "GET / HTTP/1.1\r\nHost: x\r\n", 5 * time.Second, ""},
		{"half a body", body + "12345", 30 * time.Second, "HTTP/1.1 400 Bad Request"},
		{"one request and nothing more", body + "1234567890", 2 * time.Minute, "HTTP/1.1 200 OK"},
		{"a large header", "GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", time.Second, "HTTP/1.1 431 Request Header Fields Too Large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := endpointtest.NewListener()
				s := httpserver.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						w.WriteHeader(http.StatusBadRequest)
					}
				}), slog.New(slog.DiscardHandler))
				ended := make(chan error, 1)
				go func() { ended <- s.Serve(l) }()
				conn, err := l.Dial(t.Context(), "tcp", "x:80")
				require.NoError(t, err)
				start := time.Now()
				go func() { _, _ = io.WriteString(conn, tt.sends) }()
				answer, _ := io.ReadAll(conn) // up to the end of the connection
				require.LessOrEqual(t, time.Since(start), tt.within+time.Second)
				line, _, _ := bytes.Cut(answer, []byte("\r\n"))
				require.Equal(t, tt.answer, string(line))
				require.NoError(t, conn.Close())
				require.NoError(t, s.Close())
				require.ErrorIs(t, <-ended, http.ErrServerClosed)
			})
		})
	}
}

// TestNewSlowReader has a client that takes nothing of its answer.
func TestNewSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		written := make(chan error, 1)
		s := httpserver.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for range 1000 { // more than any buffer holds
				if _, err = w.Write(make([]byte, 64<<10)); err != nil {
					break
				}
			}
			written <- err
		}), slog.New(slog.DiscardHandler))
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(l) }()
		conn, err := l.Dial(t.Context(), "tcp", "x:80")
		require.NoError(t, err)
		start := time.Now()
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		require.Error(t, <-written)
		require.LessOrEqual(t, time.Since(start), time.Minute+time.Second)
		require.NoError(t, conn.Close())
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}

// stopping is a connection whose reads wait for its end once stop is closed.
type stopping struct {
	net.Conn
	stop, closed chan struct{}
	once         sync.Once
}

func (c *stopping) Read(p []byte) (int, error) {
	select {
	case <-c.stop:
		<-c.closed
		return 0, net.ErrClosed
	default:
		return c.Conn.Read(p)
	}
}

func (c *stopping) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestNewConnectionThatStops has a client of HTTP/2 that takes nothing of its
// connection any more, whose response has no WriteTimeout, as a response stream of
// httpx.
func TestNewConnectionThatStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		written := make(chan error, 1)
		s := httpserver.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn := http.NewResponseController(w)
			err := conn.SetWriteDeadline(time.Time{})
			for err == nil {
				if _, err = w.Write(make([]byte, 64<<10)); err == nil {
					err = conn.Flush()
				}
			}
			written <- err
		}), slog.New(slog.DiscardHandler))
		s.Protocols = new(http.Protocols)
		s.Protocols.SetUnencryptedHTTP2(true)
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(l) }()
		stop := make(chan struct{})
		transport := &http.Transport{Protocols: s.Protocols, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := l.Dial(ctx, network, addr)
			return &stopping{Conn: c, stop: stop, closed: make(chan struct{})}, err
		}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/", nil)
		require.NoError(t, err)
		resp, err := transport.RoundTrip(r)
		require.NoError(t, err)
		start := time.Now()
		close(stop)
		require.Error(t, <-written)
		require.LessOrEqual(t, time.Since(start), time.Minute) // a write that was taken in part has its time again
		require.NoError(t, resp.Body.Close())
		transport.CloseIdleConnections()
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}
