package discover_test

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestWhyNoInstance has the text of the error for each reason. It sleeps in a bubble.
func TestWhyNoInstance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(w *world)
		opts   []discover.Option
		want   string
	}{
		{"no answer yet", func(*world) {}, nil, "discover: the pool has no instance: the source has not answered yet"},
		{"a name", func(*world) {}, []discover.Option{discover.Named("shop")}, `discover: the pool "shop" has no instance: the source has not answered yet`},
		{"an empty set", func(w *world) { w.source.says() }, nil, "discover: the pool has no instance: the source names none"},
		{"an error", func(w *world) { w.source <- told{err: errSource} }, nil, "discover: the pool has no instance: the source failed: the registry is away"},
		{"a text that no log should have", func(w *world) { w.source <- told{err: errors.New("a\n\x1b[31mb")} }, nil, "discover: the pool has no instance: the source failed: a \ufffd[31mb"},
		{"an error, then a set", func(w *world) { w.source <- told{err: errSource}; w.source.says() }, nil, "discover: the pool has no instance: the source names none"},
		{"a dial that failed", func(w *world) {
			w.dialer.fails = func(string, int) error { return errDown }
			w.source.says("a")
		}, nil, "discover: the pool has no instance: the last dial failed: a: " + errDown.Error()},
		{"a dial under way", func(w *world) { w.dialer.takes = 2 * time.Second; w.source.says("a") }, nil, "discover: the pool has no instance: none has been dialled yet"},
		{"a source that ended", func(w *world) { w.source <- told{err: errSource}; close(w.source) }, nil, "discover: the pool has no instance: the source failed: the registry is away"},
		{"the end of the context of Run", func(w *world) { w.source <- told{err: errSource}; w.stop() }, nil, "discover: the pool is closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, &dialer{}, func(w *world) {
				tt.script(w)
				synctest.Wait()
				ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
				defer cancel()
				_, _, err := w.pool.Acquire(ctx)
				require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
				require.EqualError(w.t, err, "temporarily unavailable: "+tt.want)
				require.NoError(w.t, ctx.Err(), "within the deadline")
				time.Sleep(2 * time.Second) // until the dial has ended
			}, tt.opts...)
		})
	}
}

// TestReasonWithinTheDeadline: a call whose deadline is near leaves a tenth of its time,
// at most 20 ms, for the way of its error. A cancellation ends the wait at once.
func TestReasonWithinTheDeadline(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given, took time.Duration
		code        endpoint.Code
	}{
		"no time":   {-time.Second, 0, endpoint.DeadlineExceeded},
		"10 ms":     {10 * time.Millisecond, 9 * time.Millisecond, endpoint.Unavailable},
		"a second":  {time.Second, 980 * time.Millisecond, endpoint.Unavailable},
		"more":      {time.Hour, 5 * time.Second, endpoint.Unavailable},
		"cancelled": {math.MaxInt64, time.Second, endpoint.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := discover.New((&dialer{}).dial)
				ctx, cancel := context.WithTimeout(t.Context(), tt.given)
				if tt.given == math.MaxInt64 {
					ctx, cancel = context.WithCancel(t.Context())
					time.AfterFunc(time.Second, cancel)
				}
				defer cancel()
				begun := time.Now()
				_, _, err := pool.Acquire(ctx)
				require.Equal(t, tt.took, time.Since(begun))
				require.Equal(t, tt.code, endpoint.CodeOf(err))
				require.Equal(t, tt.code == endpoint.Unavailable, errors.Is(err, discover.ErrNoEndpoints))
				require.ErrorContains(t, err, "discover: the pool has no instance: Run has not been called")
				if tt.code == endpoint.Canceled {
					require.EqualError(t, err, "canceled: context canceled, while waiting: discover: the pool has no instance: Run has not been called")
				}
				require.True(t, endpoint.NotSent(err))
				require.False(t, endpoint.ServerFault(err))
			})
		})
	}
}

// TestWaitedForNothing: a call that waited for the first instance counts against no
// instance. For the server whose handler made the call it counts if its caller gave it
// a fair time.
func TestWaitedForNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given  time.Duration
		opts   []discover.Option
		marked time.Duration // the time that the call had, as the error has it
	}{
		"less than a fair time": {500 * time.Millisecond, nil, 500 * time.Millisecond},
		"a fair time":           {time.Second, nil, time.Second},
		"all that the pool waits, whatever the caller's deadline": {time.Second, []discover.Option{discover.Wait(100 * time.Millisecond)}, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := discover.New((&dialer{}).dial, tt.opts...)
				_, _, err := pool.Acquire(received(t, tt.given))
				require.ErrorIs(t, err, discover.ErrNoEndpoints)
				require.False(t, endpoint.ServerFault(err))
				require.Equal(t, tt.marked, mark.Given(err))

				ctx, cancel := context.WithTimeout(received(t, time.Second), tt.given/2)
				defer cancel()
				_, _, err = pool.Acquire(ctx)
				require.Equal(t, time.Duration(math.MaxInt64), mark.Given(err), "a deadline of this process")
			})
		})
	}
}

// A feed is a service with a unary call and a stream.
type feed struct {
	Get   endpoint.Endpoint[word, line]
	Watch endpoint.Endpoint[word, endpoint.Stream[line]]
}

type line struct{ Text string }

func (s *feed) HTTP(r *httpx.Routes) {
	r.GET("/word", &s.Get)
	r.ServerStream(http.MethodGet, "/words", &s.Watch)
}

func (s *feed) GRPC(m *grpcx.Methods) {
	m.Service("test.Feed")
	m.Unary("Get", &s.Get)
	m.ServerStream("Watch", &s.Watch)
}

// watch ranges over the stream and returns its error.
func (s *feed) watch(ctx context.Context) error {
	items, err := s.Watch(ctx, word{})
	if err != nil {
		return err
	}
	_, err = items.Collect()
	return err
}

// feeds returns a client over each transport, by its name. Their pools are not running.
func feeds(t *testing.T, layers ...endpoint.Layer) map[string]*feed {
	t.Helper()
	var http, grpc feed
	require.NoError(t, httpx.Client(discover.New(httpx.Dialer()), &http, httpx.Use(layers...)))
	require.NoError(t, grpcx.Client(discover.New(grpcx.Dialer(insecure.NewCredentials())), &grpc, grpcx.Use(layers...)))
	return map[string]*feed{"HTTP": &http, "gRPC": &grpc}
}

// TestReasonBehindLayers calls through layers that repeat, hedge and bound calls. Each
// error must give the reason for the missing instance before the deadline, and must not
// open a breaker.
func TestReasonBehindLayers(t *testing.T) {
	t.Parallel()
	for name, layers := range map[string][]endpoint.Layer{
		"none":            nil,
		"Retry":           {resilience.NewRetry(3)},
		"Retry, Timeout":  {resilience.NewRetry(3), resilience.NewTimeout(200 * time.Millisecond)},
		"Hedge":           {resilience.NewHedge(10 * time.Millisecond)},
		"Breaker":         {resilience.NewBreaker(1)},
		"Breaker, longer": {resilience.NewBreaker(1), resilience.NewTimeout(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for transport, c := range feeds(t, layers...) {
					for range 3 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						_, err := c.Get(ctx, word{})
						require.NoError(t, ctx.Err(), transport)
						for _, err := range []error{err, c.watch(ctx)} {
							require.ErrorIs(t, err, discover.ErrNoEndpoints, transport)
							require.ErrorContains(t, err, "Run has not been called", transport)
							require.True(t, endpoint.NotSent(err), transport)
							require.False(t, endpoint.ServerFault(err), transport)
						}
						cancel()
					}
				}
			})
		})
	}
}

// TestGatewayWithoutInstances: the outer caller of a gateway gets an answer within its
// deadline. The answer does not have the reason, which is for the gateway's log.
func TestGatewayWithoutInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gateway := feeds(t)["HTTP"]
		var logged []error
		hook := func(_ context.Context, err error) { logged = append(logged, err) }

		mux := http.NewServeMux()
		require.NoError(t, httpx.Mount(mux, gateway, httpx.ErrorHook(hook)))
		for _, path := range []string{"/word", "/words"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.Header.Set("Connect-Timeout-Ms", "1000")
			begun := time.Now()
			mux.ServeHTTP(w, r)
			require.Equal(t, 980*time.Millisecond, time.Since(begun))
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.JSONEq(t, `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"temporarily unavailable",
				"code":"UNAVAILABLE","domain":"endpoint","reason":"NO_ENDPOINTS"}`, w.Body.String())
		}

		l, server := endpointtest.NewListener(), grpc.NewServer(grpcx.ServerOptions()...)
		require.NoError(t, grpcx.Register(server, gateway, grpcx.ErrorHook(hook)))
		go func() { _ = server.Serve(l) }()
		defer server.Stop()
		conn, err := grpc.NewClient("passthrough:///gateway", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
		require.NoError(t, err)
		defer conn.Close()
		var outer feed
		require.NoError(t, grpcx.Client(grpcx.To(conn), &outer))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = outer.Get(ctx, word{})
		require.NoError(t, ctx.Err())
		require.ErrorIs(t, err, discover.ErrNoEndpoints)
		require.EqualError(t, err, "temporarily unavailable")

		require.Len(t, logged, 3)
		for _, err := range logged {
			require.ErrorContains(t, err, "Run has not been called")
		}
	})
}
