package layerguide

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func TestLimitTenants(t *testing.T) {
	t.Parallel()
	e := limitTenants(1).Wrap(answer)
	nested := limitTenants(1)
	outer := nested.Wrap(func(ctx context.Context, _ int) (int, error) {
		_, err := nested.Wrap(answer)(as(t, "bolt"), 1)
		require.NoError(t, err, "another tenant")
		return nested.Wrap(answer)(ctx, 1)
	})
	for range 2 {
		_, err := e(as(t, "acme"), 1)
		require.NoError(t, err)
		_, err = outer(as(t, "acme"), 1)
		require.ErrorIs(t, err, ErrTenantBusy)
	}
}

// newReports returns a service whose exports go on until their context ends.
func newReports() *Reports {
	return &Reports{
		Run: func(_ context.Context, q Query) (Row, error) { return Row{len(q.Text)}, nil },
		Export: func(ctx context.Context, _ Query) (endpoint.Stream[Row], error) {
			return func(yield func(Row, error) bool) {
				for n := 1; ; n++ {
					if !yield(Row{n}, ctx.Err()) || ctx.Err() != nil {
						return
					}
				}
			}, nil
		},
		Status: func(context.Context, endpoint.Empty) (Row, error) { return Row{1}, nil },
	}
}

// byHeader takes the tenant from a header, as no real server should.
func byHeader(ctx context.Context) (context.Context, func(error) error, error) {
	call := endpoint.CallFrom(ctx)
	call.SetPrincipal(call.Header().Get("x-tenant"))
	return ctx, nil, nil
}

// overHTTP returns what a client of the handler dials.
func overHTTP(t *testing.T, h http.Handler) *httpx.Conn {
	t.Helper()
	l := endpointtest.NewListener()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-done
	})
	return httpx.To("http://reports.example", httpx.HTTPClient(&http.Client{Transport: transport}))
}

// overGRPC returns a connection to s.
func overGRPC(t *testing.T, s *grpc.Server) *grpc.ClientConn {
	t.Helper()
	l := endpointtest.NewListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///reports.example", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(); s.Stop(); <-done })
	return conn
}

// clients serves reports with the limit, and returns a client of each transport.
func clients(t *testing.T, limit endpoint.Layer) (plain, remote *Reports) {
	t.Helper()
	mux, calls := http.NewServeMux(), grpc.NewServer()
	require.NoError(t, serve(mux, calls, newReports(), endpoint.LayerFunc(byHeader), limit))
	plain, remote = new(Reports), new(Reports)
	require.NoError(t, httpx.Client(overHTTP(t, mux), plain))
	require.NoError(t, grpcx.Client(grpcx.To(overGRPC(t, calls)), remote))
	return plain, remote
}

func TestServe(t *testing.T) {
	t.Parallel()
	for name, newLimit := range map[string]func() *TenantLimit{
		"weighted": newLimit,
		"plain":    func() *TenantLimit { return NewTenantLimit(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := newLimit()
			plain, remote := clients(t, limit)
			acme := endpoint.WithHeader(t.Context(), "x-tenant", "acme")
			bolt := endpoint.WithHeader(t.Context(), "x-tenant", "bolt")

			err := read(open(t, acme, plain), func() {
				err := read(open(t, acme, remote), func() {
					for _, c := range []*Reports{plain, remote} {
						_, err := c.Run(acme, Query{"a"})
						require.ErrorIs(t, err, ErrTenantBusy)
						require.Equal(t, time.Second, endpoint.ErrorOf(err).RetryAfter())
						_, err = c.Run(bolt, Query{"a"})
						require.NoError(t, err)
					}
					limit.Suspend("acme")
				})
				require.ErrorIs(t, err, ErrTenantSuspended)
			})
			require.ErrorIs(t, err, ErrTenantSuspended)
			_, err = plain.Run(acme, Query{"a"})
			require.ErrorIs(t, err, ErrTenantSuspended)

			limit.Resume("acme")
			_, err = remote.Run(acme, Query{"a"})
			require.NoError(t, err)
		})
	}
}

func TestServeFaults(t *testing.T) {
	t.Parallel()
	heavy := NewTenantLimit(2, Weight(weightOf))
	err := serve(http.NewServeMux(), grpc.NewServer(), newReports(), endpoint.LayerFunc(byHeader), heavy)
	require.ErrorContains(t, err, "layerguide: Weight: the weight of Reports.Export is 4, want 0 to 2")
	require.ErrorContains(t,
		serve(http.NewServeMux(), grpc.NewServer(), newReports(), NewTenantLimit(0), NewTenantLimit(1, nil)),
		"layerguide: NewTenantLimit: option 0 is nil")
	limit := NewTenantLimit(1)
	require.ErrorContains(t, serve(http.NewServeMux(), grpc.NewServer(), newReports(), limit, limit),
		"the same *layerguide.TenantLimit is in the stack twice")
}

func TestRelay(t *testing.T) {
	t.Parallel()
	calls := grpc.NewServer()
	require.NoError(t, grpcx.Register(calls, newReports()))
	limit := NewTenantLimit(1)
	c, err := relay(overGRPC(t, calls), limit)
	require.NoError(t, err)

	acme, bolt := as(t, "acme"), as(t, "bolt")
	for _, err := range open(t, acme, c) {
		require.NoError(t, err)
		require.ErrorIs(t, read(open(t, acme, c), t.FailNow), ErrTenantBusy)
		for _, err := range open(t, bolt, c) {
			require.NoError(t, err)
			break
		}
		_, err := c.Run(acme, Query{"a"})
		require.NoError(t, err, "only exports are limited")
		break
	}
	requireIdle(t, limit)
}

// open returns an export.
func open(t *testing.T, ctx context.Context, c *Reports) endpoint.Stream[Row] {
	t.Helper()
	s, err := c.Export(ctx, Query{})
	require.NoError(t, err)
	return s
}

// read reads s up to its error. It calls f after the first item.
func read(s endpoint.Stream[Row], f func()) error {
	started := false
	for _, err := range s {
		switch {
		case err != nil:
			return err
		case !started:
			f()
		}
		started = true
	}
	return nil
}

func TestLimited(t *testing.T) {
	t.Parallel()
	var run endpoint.Endpoint[Query, Row]
	run = limited(func(ctx context.Context, q Query) (Row, error) {
		_, err := run(ctx, q)
		require.ErrorIs(t, err, ErrTenantBusy)
		return Row{100 / len(q.Text)}, nil
	})
	_, err := run(t.Context(), Query{})
	var panicked *endpoint.PanicError
	require.ErrorAs(t, err, &panicked)
	got, err := run(t.Context(), Query{"a"})
	require.NoError(t, err)
	require.Equal(t, Row{100}, got)
}

// TestDial has a client that repeats a call of an idempotent operation, after the
// time that the error says, and no other.
func TestDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := true
		reports := newReports()
		reports.Run = func(_ context.Context, q Query) (Row, error) {
			if busy {
				busy = false
				return Row{}, ErrTenantBusy
			}
			return Row{len(q.Text)}, nil
		}
		reports.Export = func(context.Context, Query) (endpoint.Stream[Row], error) { return nil, ErrTenantBusy }
		mux := http.NewServeMux()
		require.NoError(t, httpx.Mount(mux, reports))
		c, err := dial(overHTTP(t, mux))
		require.NoError(t, err)

		start := time.Now()
		got, err := c.Run(t.Context(), Query{"abc"})
		require.NoError(t, err)
		require.Equal(t, Row{3}, got)
		require.GreaterOrEqual(t, time.Since(start), time.Second)

		start = time.Now()
		_, err = open(t, t.Context(), c).Collect()
		require.ErrorIs(t, err, ErrTenantBusy)
		require.Zero(t, time.Since(start), "a POST that is not idempotent")
	})
}

// TestCodes checks the table of docs/layers.md.
func TestCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code             endpoint.Code
		status           int
		retryable, fault bool
	}{
		{endpoint.ResourceExhausted, 429, false, false},
		{endpoint.PermissionDenied, 403, false, false},
		{endpoint.Unavailable, 503, true, true},
	} {
		t.Run(tt.code.String(), func(t *testing.T) {
			t.Parallel()
			err := endpoint.Define(tt.code, "tenants.example.com", "REJECTED", "rejected")
			require.Equal(t, tt.status, tt.code.HTTPStatus())
			reports := newReports()
			reports.Run = func(context.Context, Query) (Row, error) { return Row{}, err }
			mux := http.NewServeMux()
			require.NoError(t, httpx.Mount(mux, reports))
			var c Reports
			require.NoError(t, httpx.Client(overHTTP(t, mux), &c))
			_, remote := c.Run(t.Context(), Query{})
			require.ErrorIs(t, remote, err)
			for _, err := range []error{err, remote} {
				require.Equal(t, tt.retryable, endpoint.Retryable(err))
				require.Equal(t, tt.fault, endpoint.ServerFault(err))
				require.False(t, endpoint.Refused(err))
			}
		})
	}
}

// TestBreakerOutside shows why the limit goes outside a breaker: the breaker takes
// a rejection for an answer of the server.
func TestBreakerOutside(t *testing.T) {
	t.Parallel()
	down := endpoint.Errorf(endpoint.Unavailable, "down")
	isBusy := func(err error) bool { return errors.Is(err, ErrTenantBusy) }
	for _, tt := range []struct {
		name    string
		breaker *resilience.Breaker
		want    error
	}{
		{"as it is", resilience.NewBreaker(2), down},
		{"with Ignore", resilience.NewBreaker(2, resilience.Ignore(isBusy)), resilience.ErrOpen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var result error
			e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, result }, tt.breaker.Wrap)
			for _, result = range []error{down, ErrTenantBusy, down} {
				_, err := e(t.Context(), 0)
				require.ErrorIs(t, err, result)
			}
			_, err := e(t.Context(), 0)
			require.ErrorIs(t, err, tt.want)
		})
	}
}

func TestWrapForms(t *testing.T) {
	t.Parallel()
	run, again := wrapForms(answerRow, NewTenantLimit(2))
	_, err := run(as(t, "acme"), Query{})
	require.NoError(t, err, "two places for the two limits")
	_, err = again(run)(as(t, "acme"), Query{})
	require.ErrorIs(t, err, ErrTenantBusy)
}

func answerRow(context.Context, Query) (Row, error) { return Row{}, nil }
