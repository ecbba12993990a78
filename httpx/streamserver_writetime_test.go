package httpx_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// pouring is a service of a response stream without an end, of large items.
type pouring struct {
	Pour endpoint.Endpoint[endpoint.Empty, endpoint.Stream[block]]
	opts []httpx.RouteOption
}

func (p *pouring) HTTP(r *httpx.Routes) {
	r.Under("/", p.opts...).ServerStream("GET", "/pour", &p.Pour)
}

func newPouring(opts ...httpx.RouteOption) *pouring {
	return &pouring{opts: opts, Pour: func(context.Context, endpoint.Empty) (endpoint.Stream[block], error) {
		return manyBlocks(1 << 20), nil
	}}
}

// TestReaderThatStops holds that a reader which takes no more events ends its
// stream, over a socket with small buffers, and not the connection of others over
// HTTP/2.
func TestReaderThatStops(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			ended, reported := make(chan error, 1), make(chan error, 1)
			watch := &layer{exit: func(_ context.Context, err error) error { ended <- err; return err }}
			mux := http.NewServeMux()
			require.NoError(t, httpx.Mount(mux, newPouring(httpx.EventTimeout(50*time.Millisecond)),
				httpx.Use(watch), httpx.ErrorHook(func(_ context.Context, err error) { reported <- err })))
			require.NoError(t, httpx.Mount(mux, echo[Text]("POST", "/")))
			two := version == "HTTP/2"
			addr := listenWith(t, mux, func(s *http.Server) {
				s.Protocols = new(http.Protocols)
				s.Protocols.SetHTTP1(!two)
				s.Protocols.SetUnencryptedHTTP2(two)
				s.ConnContext = smallBuffers(t)
			})
			transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return c, c.(*net.TCPConn).SetReadBuffer(4 << 10)
			}}
			transport.Protocols.SetHTTP1(!two)
			transport.Protocols.SetUnencryptedHTTP2(two)
			t.Cleanup(transport.CloseIdleConnections)

			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/pour", nil)
			require.NoError(t, err)
			resp, err := transport.RoundTrip(r) // whose body nobody reads
			require.NoError(t, err)
			require.ErrorIs(t, <-ended, endpoint.ErrStopped)
			err = <-reported
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
			require.ErrorContains(t, err, "the reader took no event for 50ms")
			if two {
				c := route[Text, Text]("POST", "/", nil)
				require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: transport})), c))
				got, err := c.Do(t.Context(), Text{"x"})
				require.NoError(t, err)
				require.Equal(t, Text{"x"}, got)
			}
			_, err = io.Copy(io.Discard, resp.Body)
			require.Error(t, err, "the stream is whole for its reader")
			require.NoError(t, resp.Body.Close())
		})
	}
}

// smallBuffers returns a ConnContext that gives connections a small buffer for
// what is written.
func smallBuffers(t *testing.T) func(context.Context, net.Conn) context.Context {
	t.Helper()
	return func(ctx context.Context, c net.Conn) context.Context {
		if err := c.(*net.TCPConn).SetWriteBuffer(4 << 10); err != nil {
			t.Error(err)
		}
		return ctx
	}
}

// stalling is a connection whose reads stop after the first ones, until it is
// closed.
type stalling struct {
	net.Conn
	left   atomic.Int64 // bytes to read
	closed chan struct{}
	once   sync.Once
}

func (c *stalling) Read(p []byte) (int, error) {
	if c.left.Load() <= 0 {
		<-c.closed
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(p)
	c.left.Add(-int64(n))
	return n, err
}

func (c *stalling) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestConnectionThatStops holds that a connection of HTTP/2 which takes nothing at
// all ends with the WriteByteTimeout of the server, and its streams with it: they
// cannot be reset before.
func TestConnectionThatStops(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	watch := &layer{exit: func(_ context.Context, err error) error { ended <- err; return err }}
	addr := listenWith(t, mounted(t, newPouring(httpx.EventTimeout(50*time.Millisecond)), httpx.Use(watch)), func(s *http.Server) {
		s.Protocols = new(http.Protocols)
		s.Protocols.SetUnencryptedHTTP2(true)
		s.ConnContext = smallBuffers(t)
		s.HTTP2 = &http.HTTP2Config{WriteByteTimeout: 500 * time.Millisecond}
	})
	transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		stalls := &stalling{Conn: c, closed: make(chan struct{})}
		stalls.left.Store(4 << 10)
		t.Cleanup(func() { _ = stalls.Close() })
		return stalls, c.(*net.TCPConn).SetReadBuffer(4 << 10)
	}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/pour", nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(r)
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, endpoint.ErrStopped)
	require.NoError(t, resp.Body.Close())
}

// TestEventTimeout holds, in a bubble, how long a reader has for an event, and
// that a stream which is silent for longer goes on.
func TestEventTimeout(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		opts []httpx.RouteOption
		want time.Duration
	}{
		"the default":             {nil, 30 * time.Second},
		"of its own":              {[]httpx.RouteOption{httpx.EventTimeout(time.Minute)}, time.Minute},
		"shorter than heartbeats": {[]httpx.RouteOption{httpx.EventTimeout(time.Second), httpx.Heartbeat(time.Hour)}, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ended chan error
			watch := &layer{exit: func(_ context.Context, err error) error { ended <- err; return err }}
			inBubble(t, mounted(t, newPouring(tt.opts...), httpx.Use(watch)), func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
				ended = make(chan error, 1) // of the bubble
				conn, err := l.Dial(t.Context(), "", "")
				require.NoError(t, err)
				defer conn.Close()
				_, err = io.WriteString(conn, "GET /pour HTTP/1.1\r\nHost: x\r\n\r\n")
				require.NoError(t, err)
				start := time.Now()
				require.ErrorIs(t, <-ended, endpoint.ErrStopped)
				require.Equal(t, tt.want, time.Since(start))
			})
		})
	}
}

// TestEventTimeoutOfSilence holds, in a bubble, that the time for an event does
// not run between two events.
func TestEventTimeoutOfSilence(t *testing.T) {
	t.Parallel()
	onVersions(t, &http.Server{}, func() *beating { //nolint:gosec // the test is about what httpx bounds by itself
		return &beating{Ticks: func(context.Context, count1) (endpoint.Stream[tick], error) { return slowly(time.Hour, 3, nil), nil }}
	}, func(t *testing.T, f *beating) {
		s, err := f.Ticks(t.Context(), count1{1})
		require.NoError(t, err)
		got, err := s.Collect()
		require.NoError(t, err)
		require.Equal(t, []tick{{1}, {2}, {3}}, got)
	})
}

// TestLongerThanWriteTimeout holds, in a bubble, that a stream which lasts longer
// than the server's WriteTimeout gets its answer: of a request stream, a response
// stream whose first item is late, and one that fails before it.
func TestLongerThanWriteTimeout(t *testing.T) {
	t.Parallel()
	s := &http.Server{WriteTimeout: time.Second} //nolint:gosec // the test is about its WriteTimeout
	onVersions(t, s, newFeed, func(t *testing.T, f *feed) {
		got, err := f.Sum(t.Context(), func(yield func(count1, error) bool) {
			for range 3 {
				time.Sleep(time.Minute) // in the bubble
				if !yield(count1{2}, nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		require.Equal(t, count1{6}, got)
		_, err = f.Sum(t.Context(), func(yield func(count1, error) bool) {
			time.Sleep(time.Minute) // in the bubble
			yield(count1{-1}, nil)
		})
		require.ErrorIs(t, err, errBroken)
	})
	for _, end := range []error{nil, errBroken} {
		onVersions(t, s, func() *beating {
			return &beating{Ticks: func(context.Context, count1) (endpoint.Stream[tick], error) { return slowly(time.Minute, 0, end), nil }}
		}, func(t *testing.T, f *beating) {
			s, err := f.Ticks(t.Context(), count1{1})
			require.NoError(t, err)
			got, err := s.Collect()
			require.Empty(t, got)
			require.ErrorIs(t, err, end)
		})
	}
}

// TestAnswerOfStreamIsBounded holds, in a bubble, that the server's WriteTimeout
// counts for an answer that is not a stream, from when it is written.
func TestAnswerOfStreamIsBounded(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"request stream":                "POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n{\"n\":1}\n",
		"response stream with an error": "GET /ticks?n=-1 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &http.Server{Handler: mounted(t, newFeed()), WriteTimeout: time.Second} //nolint:gosec // the test is about its WriteTimeout
			inBubbleOf(t, s, func(t *testing.T, l *endpointtest.Listener) {
				conn, err := l.Dial(t.Context(), "", "")
				require.NoError(t, err)
				defer conn.Close()
				_, err = io.WriteString(conn, request)
				require.NoError(t, err)
				time.Sleep(time.Minute) // in the bubble: the reader does not read
				got, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.Empty(t, got, "the answer still waited for its reader")
			})
		})
	}
}

// onVersions runs a test in a bubble of fake time for each version of HTTP, with a
// client of a new service, which a server like s serves in memory.
func onVersions[S httpx.Service](t *testing.T, s *http.Server, svc func() S, test func(t *testing.T, client S)) {
	t.Helper()
	for _, version := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			h := mounted(t, svc())
			synctest.Test(t, func(t *testing.T) {
				l := endpointtest.NewListener()
				protocols := new(http.Protocols)
				protocols.SetHTTP1(version == "HTTP/1")
				protocols.SetUnencryptedHTTP2(version == "HTTP/2")
				server := &http.Server{Handler: h, WriteTimeout: s.WriteTimeout, ReadTimeout: s.ReadTimeout, Protocols: protocols} //nolint:gosec // as above
				served := make(chan error, 1)
				go func() { served <- server.Serve(l) }()
				transport := &http.Transport{DialContext: l.Dial, Protocols: protocols}
				client := svc()
				require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: transport})), client))
				test(t, client)
				transport.CloseIdleConnections()
				require.NoError(t, server.Close())
				require.ErrorIs(t, <-served, http.ErrServerClosed)
				time.Sleep(24 * time.Hour) // in the bubble: connections linger as they close
			})
		})
	}
}

// TestMaxBytesHandlerOfUser has a limit of the user's around the routes: what is
// larger is 413 with that limit, of a body and of a request stream.
func TestMaxBytesHandlerOfUser(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, newFeed()))
	require.NoError(t, httpx.Mount(mux, echo[Text]("POST", "/")))
	for version, c := range versions(t, http.MaxBytesHandler(mux, 100), func() *both { return &both{feed: &feed{}, text: route[Text, Text]("POST", "/", nil)} }) {
		_, err := c.text.Do(t.Context(), Text{strings.Repeat("x", 200)})
		require.ErrorIs(t, err, httpx.ErrBodyTooLarge, version)
		require.Equal(t, "100", endpoint.ErrorOf(err).Meta()["limit"], version)
		_, err = c.feed.Sum(t.Context(), oneByOne(200))
		require.ErrorIs(t, err, httpx.ErrBodyTooLarge, version)
		require.Equal(t, "100", endpoint.ErrorOf(err).Meta()["limit"], version)
		got, err := c.feed.Sum(t.Context(), oneByOne(3))
		require.NoError(t, err, version)
		require.Equal(t, count1{3}, got)
	}
}

// both is a service of two others.
type both struct {
	feed *feed
	text *one[Text, Text]
}

func (b *both) HTTP(r *httpx.Routes) {
	b.feed.HTTP(r)
	b.text.HTTP(r)
}
