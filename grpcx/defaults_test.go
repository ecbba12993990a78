package grpcx_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// dialer returns a connection that a Dialer made, with its defaults.
func dialer(tb testing.TB, l *endpointtest.Listener, opts ...grpc.DialOption) grpc.ClientConnInterface {
	tb.Helper()
	opts = append(opts, inMemory(l))
	conn, err := grpcx.Dialer(insecure.NewCredentials(), opts...)(tb.Context(), "server")
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.(*grpc.ClientConn).Close() })
	return conn
}

func inMemory(l *endpointtest.Listener) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) })
}

// plainClient is a connection without our defaults.
func plainClient(tb testing.TB, l *endpointtest.Listener, opts ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	opts = append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()), inMemory(l)}, opts...)
	conn, err := grpc.NewClient("passthrough:///server", opts...)
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.Close() })
	return conn
}

// TestHeaderLimits has metadata of nearly 64 KiB, and of more, in both directions:
// each limit alone, because the other side has none of it.
func TestHeaderLimits(t *testing.T) {
	t.Parallel()
	const below, above = grpcx.DefaultMaxHeaders - 1<<10, grpcx.DefaultMaxHeaders + 1
	e := echo()
	e.Say = func(ctx context.Context, n Note) (Note, error) {
		endpoint.CallFrom(ctx).Reply().Set("x-large", strings.Repeat("x", int(n.Number)))
		return n, nil
	}
	l := listen(t, register(t, &e)) // which has ServerOptions
	t.Run("of a server", func(t *testing.T) {
		t.Parallel()
		var c Echo
		connect(t, plainClient(t, l), &c)
		_, err := c.Say(endpoint.WithHeader(t.Context(), "x-large", strings.Repeat("x", below)), Note{})
		require.NoError(t, err)
		_, err = c.Say(endpoint.WithHeader(t.Context(), "x-large", strings.Repeat("x", above)), Note{})
		require.ErrorContains(t, err, "header list size to send violates the maximum size (65536 bytes) set by server")
		_, err = c.Say(t.Context(), Note{Number: above})
		require.NoError(t, err, "it has no limit")
	})
	t.Run("of a client", func(t *testing.T) {
		t.Parallel()
		var c Echo
		connect(t, dialer(t, l), &c)
		_, err := c.Say(t.Context(), Note{Number: below})
		require.NoError(t, err)
		_, err = c.Say(t.Context(), Note{Number: above})
		require.Error(t, err)
	})
}

// TestMessageLimits has our limits in place of smaller ones that were set before,
// and of larger ones that come after: those alone are not grpc-go's own.
func TestMessageLimits(t *testing.T) {
	t.Parallel()
	const large = grpcx.DefaultMaxMessage + 1
	e := echo()
	start := func(opts ...grpc.ServerOption) *endpointtest.Listener {
		s := grpc.NewServer(opts...)
		register(t, &e)(s)
		return serveOn(t, s)
	}
	size := grpc.MaxRecvMsgSize
	receive := func(n int) grpc.DialOption { return grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(n)) }
	for _, tt := range []struct {
		name   string
		server []grpc.ServerOption
		client []grpc.DialOption
		bytes  int
		code   codes.Code
	}{
		{"a server's", append([]grpc.ServerOption{size(1)}, grpcx.ServerOptions()...), []grpc.DialOption{receive(1 << 30)}, 1000, codes.OK},
		{"above a server's", append([]grpc.ServerOption{size(1 << 30)}, grpcx.ServerOptions()...), []grpc.DialOption{receive(1 << 30)}, large, codes.ResourceExhausted},
		{"above a server's that the program raised", append(grpcx.ServerOptions(), size(1<<30)), []grpc.DialOption{receive(1 << 30)}, large, codes.OK},
		{"a client's", []grpc.ServerOption{size(1 << 30)}, append([]grpc.DialOption{receive(1)}, grpcx.DialOptions()...), 1000, codes.OK},
		{"above a client's", []grpc.ServerOption{size(1 << 30)}, append([]grpc.DialOption{receive(1 << 30)}, grpcx.DialOptions()...), large, codes.ResourceExhausted},
		{"above a client's that the program raised", []grpc.ServerOption{size(1 << 30)}, append(grpcx.DialOptions(), receive(1<<30)), large, codes.OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c Echo
			connect(t, plainClient(t, start(tt.server...), tt.client...), &c)
			_, err := c.Say(t.Context(), Note{Blob: make([]byte, tt.bytes)})
			require.Equal(t, endpoint.Code(tt.code), endpoint.CodeOf(err))
		})
	}
	t.Run("a Dialer's options come last", func(t *testing.T) {
		t.Parallel()
		var c Echo
		connect(t, dialer(t, start(size(1<<30)), receive(1<<30)), &c)
		_, err := c.Say(t.Context(), Note{Blob: make([]byte, large)})
		require.NoError(t, err)
	})
}

// serveOn runs s in memory until the test ends.
func serveOn(tb testing.TB, s *grpc.Server) *endpointtest.Listener {
	tb.Helper()
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	tb.Cleanup(func() { s.Stop(); <-done })
	return l
}

// TestStreamLimit has one call too many for a connection: it waits. In a bubble.
func TestStreamLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const extra = 1
		running, release := make(chan struct{}, 2*grpcx.DefaultMaxStreams), make(chan struct{})
		e := echo()
		e.Say = func(_ context.Context, n Note) (Note, error) {
			running <- struct{}{}
			<-release
			return n, nil
		}
		var c Echo
		connect(t, plainClient(t, listen(t, register(t, &e))), &c)
		_, err := c.Look(t.Context(), Note{}) // the client has heard of the limit
		require.NoError(t, err)
		ends := make(chan error)
		for range grpcx.DefaultMaxStreams + extra {
			go func() { _, err := c.Say(t.Context(), Note{}); ends <- err }()
		}
		synctest.Wait()
		require.Len(t, running, grpcx.DefaultMaxStreams)
		release <- struct{}{}
		require.NoError(t, <-ends)
		synctest.Wait()
		require.Len(t, running, grpcx.DefaultMaxStreams+extra)
		close(release)
		for range grpcx.DefaultMaxStreams {
			require.NoError(t, <-ends)
		}
	})
}

// Frames of HTTP/2, for peers that do nothing by themselves.
const (
	preface       = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	settingsFrame = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	pingFrame     = "\x00\x00\x08\x06\x00\x00\x00\x00\x00" + "12345678"
)

// mute is a client that says first, and then reads and says nothing. Its channel
// tells when the server has closed the connection.
func mute(t *testing.T, first string) (net.Conn, <-chan time.Time) {
	t.Helper()
	e := echo()
	conn, err := listen(t, register(t, &e)).Dial(t.Context(), "tcp", "server")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	closed := make(chan time.Time, 1)
	go func() { _, _ = io.Copy(io.Discard, conn); closed <- time.Now() }()
	_, err = io.WriteString(conn, first)
	require.NoError(t, err)
	return conn, closed
}

// TestServerTimes has clients that are gone, and those that ping. In bubbles.
func TestServerTimes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first string
		after time.Duration
	}{
		"no handshake":      {"", 20 * time.Second},
		"no answer to ping": {preface + settingsFrame, 2*time.Minute + 20*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, closed := mute(t, tt.first)
				require.Equal(t, tt.after, (<-closed).Sub(start))
			})
		})
	}
	for name, tt := range map[string]struct {
		every time.Duration
		kept  bool
	}{"pings every 10 s": {10 * time.Second, true}, "pings every 9 s": {9 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conn, closed := mute(t, preface+settingsFrame)
				for range 20 {
					if _, err := io.WriteString(conn, pingFrame); err != nil {
						break
					}
					time.Sleep(tt.every)
				}
				require.Equal(t, tt.kept, len(closed) == 0)
			})
		})
	}
}

// TestClientTimes has a server that is gone while a call waits for it. In a
// bubble.
func TestClientTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, settingsFrame)
			_, _ = io.Copy(io.Discard, conn)
		}()
		var c Echo
		connect(t, dialer(t, l), &c)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := c.Say(ctx, Note{})
		require.Equal(t, codes.Unavailable, status.Code(err))
		require.Equal(t, 5*time.Minute+20*time.Second, time.Since(start))
		l.Close()
		<-ended
	})
}

// TestStopWaits stops a server while a handler runs: Stop returns after the handler.
func TestStopWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := echo()
		var ended atomic.Bool
		e.Say = func(ctx context.Context, n Note) (Note, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return n, nil
		}
		var s *grpc.Server
		var c Echo
		connect(t, serve(t, func(server *grpc.Server) {
			s = server
			register(t, &e)(s)
		}), &c)
		failed := make(chan error)
		go func() {
			_, err := c.Say(t.Context(), Note{})
			failed <- err
		}()
		synctest.Wait()
		s.Stop()
		require.True(t, ended.Load())
		require.Error(t, <-failed)
	})
}
