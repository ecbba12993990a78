package httpx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// blamed is a layer that keeps the errors of calls.
func blamed(errs chan<- error) endpoint.Layer {
	return &layer{exit: func(_ context.Context, err error) error { errs <- err; return err }}
}

// TestSlowBodyIsNoFault has bodies that come too slowly, or not at all, in a bubble: that
// is their senders' fault, whatever time they give the server.
func TestSlowBodyIsNoFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deadline time.Duration // that is sent
		rest     time.Duration // after which the rest of the body comes; 0 for never
		want     bool
	}{
		"half a body":                               {0, 0, false},
		"half a body, a fair deadline":              {20 * time.Second, 0, false},
		"half a body until the deadline":            {5 * time.Second, 0, false},
		"a slow body, no fair time is left":         {5 * time.Second, 4500 * time.Millisecond, false},
		"a slow body, a fair time is left":          {5 * time.Second, 3 * time.Second, true},
		"a slow body that comes after the deadline": {2 * time.Second, 3 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errs := make(chan error, 1)
			hang := route("POST", "/", func(ctx context.Context, v map[string]string) (map[string]string, error) {
				<-ctx.Done()
				return v, ctx.Err()
			}, httpx.BodyTimeout(10*time.Second))
			inBubble(t, mounted(t, hang, httpx.Use(blamed(errs))), func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
				conn, err := l.Dial(t.Context(), "tcp", "")
				require.NoError(t, err)
				defer conn.Close()
				head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
				if tt.deadline > 0 {
					head += "Connect-Timeout-Ms: " + strconv.FormatInt(tt.deadline.Milliseconds(), 10) + "\r\n"
				}
				_, err = io.WriteString(conn, head+"\r\n{")
				require.NoError(t, err)
				if tt.rest > 0 {
					time.Sleep(tt.rest)
					_, err = io.WriteString(conn, `"a":"b"}`)
					require.NoError(t, err)
				}
				_, err = conn.Read(make([]byte, 1)) // the layers have exited
				require.NoError(t, err)
				err = <-errs
				require.Error(t, err)
				require.Equal(t, tt.want, endpoint.ServerFault(err), "%v", err)
			})
		})
	}
}

// TestSlowSenderIsNoFault has, in a bubble, bodies come later than a time-out of the
// server. What the handler takes too long for counts.
func TestSlowSenderIsNoFault(t *testing.T) {
	t.Parallel()
	const tick = time.Second
	for name, tt := range map[string]struct {
		layers []endpoint.Layer
		rest   time.Duration // after which the rest of the request comes
		work   time.Duration // of the handler
		want   bool
	}{
		"a body":                  {[]endpoint.Layer{resilience.NewTimeout(tick)}, 2 * tick, 0, false},
		"a body, before places":   {[]endpoint.Layer{resilience.NewTimeout(tick), resilience.NewBulkhead(1)}, 2 * tick, 0, false},
		"a body, a middleware":    {nil, 2 * tick, 0, false},
		"slow work, a middleware": {nil, tick / 2, tick, true},
		"slow work":               {[]endpoint.Layer{resilience.NewTimeout(tick)}, tick / 2, tick, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errs := make(chan error, 1)
			svc := route("POST", "/", func(ctx context.Context, v map[string]string) (map[string]string, error) {
				time.Sleep(tt.work) // in the bubble
				return v, ctx.Err()
			})
			h := mounted(t, svc, httpx.Use(append([]endpoint.Layer{blamed(errs)}, tt.layers...)...))
			if len(tt.layers) == 0 {
				inside := h
				h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ctx, cancel := context.WithTimeout(r.Context(), tick)
					defer cancel()
					inside.ServeHTTP(w, r.WithContext(ctx))
				})
			}
			inBubble(t, h, func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
				conn, err := l.Dial(t.Context(), "tcp", "")
				require.NoError(t, err)
				defer conn.Close()
				_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
				require.NoError(t, err)
				time.Sleep(tt.rest)
				_, _ = io.WriteString(conn, `"a":"b"}`) // the server may have closed it
				time.Sleep(5 * tick)                    // in the bubble: the layers have exited
				err = <-errs
				require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err), "%v", err)
				require.Equal(t, tt.want, endpoint.ServerFault(err), "%v", err)
			})
		})
	}
}

// TestStatusOfTheCaller has a route answer errors, whose codes are a server's faults,
// with statuses of the caller's. They count neither on the server nor on the client.
func TestStatusOfTheCaller(t *testing.T) {
	t.Parallel()
	errBusy := endpoint.Define(endpoint.Unavailable, "profiles", "BUSY", "busy")
	for name, tt := range map[string]struct {
		opts []httpx.RouteOption
		want bool
	}{
		"as it is":        {[]httpx.RouteOption{httpx.Fails(errBusy)}, true},
		"423 for a route": {[]httpx.RouteOption{httpx.Fails(errBusy), httpx.ErrorStatus(errBusy, 423)}, false},
		"502 for a route": {[]httpx.RouteOption{httpx.Fails(errBusy), httpx.ErrorStatus(errBusy, 502)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			served, called := make(chan error, 1), make(chan error, 1)
			url := listen(t, mounted(t, failing(errBusy, tt.opts...), httpx.Use(blamed(served))))
			c := failing(nil, tt.opts...)
			dial(t, url, c, httpx.Use(blamed(called)))
			_, err := c.Do(t.Context(), endpoint.Empty{})
			require.ErrorIs(t, err, errBusy)
			require.Equal(t, tt.want, endpoint.ServerFault(<-served), "on the server")
			require.Equal(t, tt.want, endpoint.ServerFault(<-called), "on the client")
		})
	}
}

// TestForeignTimeout has a server that is not ours answer 408: its client was slow.
func TestForeignTimeout(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{408: false, 500: true, 503: true, 504: true, 429: false, 413: false} {
		url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		c := failing(nil)
		dial(t, url, c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		require.Error(t, err)
		require.Equal(t, want, endpoint.ServerFault(err), "status %d", status)
	}
}

// TestDeadlineOfMiddleware: a deadline that the server's own middleware sets is not the
// caller's, so it counts, however short it is.
func TestDeadlineOfMiddleware(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header []string
		want   bool
	}{
		"alone":                  {nil, true},
		"before the caller's":    {[]string{"Connect-Timeout-Ms", "60000"}, true},
		"the caller's before it": {[]string{"Connect-Timeout-Ms", "10"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errs := make(chan error, 1)
			hang := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
				<-ctx.Done()
				return endpoint.Empty{}, ctx.Err()
			})
			h := mounted(t, hang, httpx.Use(blamed(errs)))
			limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
				defer cancel()
				h.ServeHTTP(w, r.WithContext(ctx))
			})
			require.Equal(t, 504, ask(t, limited, "GET", "/", "", tt.header...).status)
			require.Equal(t, tt.want, endpoint.ServerFault(<-errs))
		})
	}
}

// TestAcquiresNothingLate has a client whose call comes too late: nothing is dialled.
func TestAcquiresNothingLate(t *testing.T) {
	t.Parallel()
	dials := 0
	conn := httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { dials++; return nil, errors.New("dialled") },
	}}))
	c := failing(nil)
	require.NoError(t, httpx.Client(conn, c))
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	_, err := c.Do(ctx, endpoint.Empty{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, endpoint.ServerFault(err))
	require.False(t, endpoint.MaybeSent(err))
	require.Zero(t, dials)
}

// TestHookBlame has the hook of a server without layers learn what counts against it,
// and with which code.
func TestHookBlame(t *testing.T) {
	t.Parallel()
	errBusy := endpoint.Define(endpoint.Unavailable, "profiles", "BUSY", "busy")
	foreign := endpoint.FromWire(endpoint.NotFound, "other", "GONE", "gone")
	for name, tt := range map[string]struct {
		err    error // nil for a call that hangs
		header []string
		code   endpoint.Code
		want   bool
	}{
		"a status of the caller": {errBusy, nil, endpoint.Unavailable, false},
		"a short deadline":       {nil, []string{"Connect-Timeout-Ms", "10"}, endpoint.DeadlineExceeded, false},
		"a fair deadline":        {nil, []string{"Connect-Timeout-Ms", "1000"}, endpoint.DeadlineExceeded, true},
		"an error not declared":  {foreign, nil, endpoint.Internal, true},
		"a defect":               {errors.New("defect"), nil, endpoint.Internal, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hooked error
			e := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
				if tt.err == nil {
					<-ctx.Done()
					return endpoint.Empty{}, ctx.Err()
				}
				return endpoint.Empty{}, tt.err
			}, httpx.Fails(errBusy), httpx.ErrorStatus(errBusy, 423))
			h := mounted(t, e, httpx.ErrorHook(func(_ context.Context, err error) { hooked = err }))
			require.GreaterOrEqual(t, ask(t, h, "GET", "/", "", tt.header...).status, 400)
			require.Equal(t, tt.code, endpoint.CodeOf(hooked))
			require.Equal(t, tt.want, endpoint.ServerFault(hooked), "%v", hooked)
			if tt.err != nil {
				require.ErrorIs(t, hooked, tt.err)
			}
		})
	}
}

// TestAbandonedIsNoFault has a caller cancel a call, whose handler returns an error of
// its own for that. Only an error with a code stands, and that of a panic.
func TestAbandonedIsNoFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"without a code": {errors.New("canceling statement due to user request"), false},
		"with a code":    {endpoint.Errorf(endpoint.Unavailable, "no database"), true},
		"a panic":        {endpoint.NewPanicError("oops"), true},
	} {
		for _, layered := range []bool{true, false} {
			t.Run(name+", layers "+strconv.FormatBool(layered), func(t *testing.T) {
				t.Parallel()
				entered, errs := make(chan struct{}), make(chan error, 1)
				e := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
					close(entered)
					<-ctx.Done()
					return endpoint.Empty{}, tt.err
				})
				opt := httpx.ErrorHook(func(_ context.Context, err error) { errs <- err })
				if layered {
					opt = httpx.Use(blamed(errs))
				}
				url := listen(t, mounted(t, e, opt))
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-entered; cancel() }()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
				require.NoError(t, err)
				resp, err := http.DefaultClient.Do(req)
				if err == nil {
					require.NoError(t, resp.Body.Close())
				}
				require.ErrorIs(t, err, context.Canceled)
				err = <-errs
				require.ErrorIs(t, err, tt.err)
				require.Equal(t, tt.want, endpoint.ServerFault(err), "%v", err)
			})
		}
	}
}
