package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// inBubble runs a test in a bubble of fake time, with h served in memory.
func inBubble(t *testing.T, h http.Handler, test func(t *testing.T, l *endpointtest.Listener, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		s := &http.Server{Handler: h} //nolint:gosec // the test is about what httpx bounds by itself
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		transport := &http.Transport{DialContext: l.Dial}
		test(t, l, &http.Client{Transport: transport})
		transport.CloseIdleConnections()
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		time.Sleep(24 * time.Hour) // in the bubble: connections linger as they close
	})
}

// drip sends, in a bubble, the header of a POST with a body of size n, and then a
// byte of it every interval, until writing fails. It returns the answer.
func drip(t *testing.T, l *endpointtest.Listener, n int, interval time.Duration) *http.Response {
	t.Helper()
	conn, err := l.Dial(t.Context(), "", "")
	require.NoError(t, err)
	go func() {
		head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(n) + "\r\n\r\n"
		if _, err := io.WriteString(conn, head); err != nil {
			return
		}
		for range n {
			time.Sleep(interval) // in the bubble
			if _, err := conn.Write([]byte{' '}); err != nil {
				return
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{resp.Body, conn}
	return resp
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		opts     []httpx.RouteOption
		n        int
		interval time.Duration
		took     time.Duration
	}{
		"nothing comes":      {nil, 10, time.Hour, 10 * time.Second},
		"it drips":           {nil, 1000, 3 * time.Second, 10 * time.Second},
		"a bound of its own": {[]httpx.RouteOption{httpx.BodyTimeout(time.Second)}, 10, time.Minute, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, mounted(t, echo[map[string]string]("POST", "/", tt.opts...)), func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
				start := time.Now()
				resp := drip(t, l, tt.n, tt.interval)
				require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
				require.Equal(t, tt.took, time.Since(start))
				require.True(t, resp.Close, "the connection stays open with half a body in it")
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Contains(t, string(body), `"reason":"BODY_TIMEOUT"`)
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// TestSlowHandler holds that the bound is on the body alone: net/http watches
// the connection while the handler works, and a read deadline that stayed would
// look like a client that left.
func TestSlowHandler(t *testing.T) {
	t.Parallel()
	slow := route("POST", "/", func(ctx context.Context, v map[string]string) (map[string]string, error) {
		select {
		case <-time.After(time.Hour): //nolint:forbidigo // fake time
			return v, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	inBubble(t, mounted(t, slow), func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		c := route[map[string]string, map[string]string]("POST", "/", nil)
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), c, httpx.NoCallTimeout()))
		got, err := c.Do(t.Context(), map[string]string{"a": "b"})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"a": "b"}, got)
	})
}

type left struct {
	Time time.Duration `json:"time"`
}

// TestDeadlineTravels holds, in a bubble, that a server has the smaller of its own
// time and what its client has left, and so has the server behind it.
func TestDeadlineTravels(t *testing.T) {
	t.Parallel()
	// next answers with the time that it has.
	next := route("GET", "/next", func(ctx context.Context, _ endpoint.Empty) (left, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return left{}, errors.New("no deadline")
		}
		return left{time.Until(deadline)}, nil
	})
	tests := map[string]struct{ client, server, want time.Duration }{
		"the client's":         {5 * time.Second, 0, 4 * time.Second},
		"the smaller, client":  {5 * time.Second, time.Minute, 4 * time.Second},
		"the smaller, server":  {time.Hour, 9 * time.Second, 8 * time.Second},
		"the server's alone":   {0, 9 * time.Second, 8 * time.Second},
		"less than a second":   {1500 * time.Millisecond, 0, 500 * time.Millisecond},
		"not whole, cut short": {1000*time.Millisecond + 1500*time.Microsecond, 0, time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			inBubble(t, mux, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
				conn := httpx.To("http://x", httpx.HTTPClient(client))
				behind := route[endpoint.Empty, left]("GET", "/next", nil)
				require.NoError(t, httpx.Client(conn, behind))
				front := route("GET", "/", func(ctx context.Context, e endpoint.Empty) (left, error) {
					time.Sleep(time.Second) // in the bubble
					return behind.Do(ctx, e)
				})
				bound := func(ctx context.Context) (context.Context, func(error) error, error) {
					if tt.server == 0 {
						return ctx, nil, nil
					}
					ctx, cancel := context.WithTimeout(ctx, tt.server)
					return ctx, func(err error) error { cancel(); return err }, nil
				}
				require.NoError(t, httpx.Mount(mux, front, httpx.Use(endpoint.LayerFunc(bound))))
				require.NoError(t, httpx.Mount(mux, next))
				c := route[endpoint.Empty, left]("GET", "/", nil)
				require.NoError(t, httpx.Client(conn, c))
				ctx := t.Context()
				if tt.client > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.client)
					defer cancel()
				}
				got, err := c.Do(ctx, endpoint.Empty{})
				require.NoError(t, err)
				require.Equal(t, tt.want, got.Time)
			})
		})
	}
}

func TestDeadlinePasses(t *testing.T) {
	t.Parallel()
	var seen error
	var status int
	watch := &layer{exit: func(ctx context.Context, err error) error {
		seen, status = err, endpoint.CallFrom(ctx).Status(err)
		return err
	}}
	hang := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		<-ctx.Done()
		return endpoint.Empty{}, ctx.Err()
	})
	inBubble(t, mounted(t, hang, httpx.Use(watch)), func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		// The server's answer, to a client without a clock of its own.
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/", nil)
		require.NoError(t, err)
		r.Header.Set("Connect-Timeout-Ms", "250")
		start := time.Now()
		resp, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
		require.Equal(t, 250*time.Millisecond, time.Since(start))
		require.ErrorIs(t, seen, context.DeadlineExceeded)
		require.Equal(t, http.StatusGatewayTimeout, status)

		// The typed client's own clock, which may end the call before the server's.
		c := route[endpoint.Empty, endpoint.Empty]("GET", "/", nil)
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), c))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Do(ctx, endpoint.Empty{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		synctest.Wait()
	})
}

// TestClientLeaves holds that telemetry sees 499 for a caller that gave up.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	ended := make(chan int, 1)
	watch := &layer{exit: func(ctx context.Context, err error) error {
		ended <- endpoint.CallFrom(ctx).Status(err)
		return err
	}}
	started := make(chan struct{})
	hang := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		close(started)
		<-ctx.Done()
		return endpoint.Empty{}, ctx.Err()
	})
	c := route[endpoint.Empty, endpoint.Empty]("GET", "/", nil)
	dial(t, listen(t, mounted(t, hang, httpx.Use(watch))), c)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	_, err := c.Do(ctx, endpoint.Empty{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 499, <-ended)
}

// TestCrowd keeps ten thousand connections open that say nothing, and some that
// send a header slowly; the service goes on answering.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand connections; run without -short")
	}
	const idle, slow = 10_000, 200
	s := &http.Server{Handler: mounted(t, echo[map[string]string]("POST", "/")), ReadHeaderTimeout: 30 * time.Second}
	l := endpointtest.NewListener()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conns := make([]net.Conn, 0, idle+slow)
	for i := range idle + slow {
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		conns = append(conns, conn)
		if i >= idle {
			_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
			require.NoError(t, err)
		}
	}
	transport := &http.Transport{DialContext: l.Dial}
	c := route[map[string]string, map[string]string]("POST", "/", nil)
	require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: transport})), c))
	for range 100 {
		got, err := c.Do(t.Context(), map[string]string{"a": "b"})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"a": "b"}, got)
	}
	transport.CloseIdleConnections()
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
	require.NoError(t, s.Shutdown(t.Context()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}
