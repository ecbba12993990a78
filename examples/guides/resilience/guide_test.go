package resilienceguide

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// served serves a service whose first calls fail, and returns what a client of it dials.
func served(t *testing.T, failures int64) *httpx.Conn {
	t.Helper()
	var calls atomic.Int64
	svc := &Prices{
		Get: func(_ context.Context, q Query) (Price, error) {
			n := calls.Add(1)
			if n <= failures {
				return Price{}, endpoint.Errorf(endpoint.Unavailable, "starting")
			}
			return Price{Cents: len(q.Item), Final: n > failures+1}, nil
		},
		Export: func(context.Context, endpoint.Empty) (endpoint.Stream[Price], error) {
			return endpoint.StreamOf(Price{Cents: 1}, Price{Cents: 2}), nil
		},
	}
	mux := http.NewServeMux()
	auth := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		endpoint.CallFrom(ctx).SetPrincipal("tests")
		return ctx, nil, nil
	})
	require.NoError(t, serve(mux, svc, auth))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	conn := httpx.To(server.URL)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestGuide(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]func(*httpx.Conn) (*Prices, error){"stack": dial, "by hand": byHand} {
		conn := served(t, 1)
		prices, err := dial(conn)
		require.NoError(t, err, name)
		p, err := prices.Get(t.Context(), Query{"book"})
		require.NoError(t, err, name)
		require.Equal(t, 4, p.Cents, name)
	}
}

func TestGuideTyped(t *testing.T) {
	t.Parallel()
	conn := served(t, 1)
	var prices Prices
	require.NoError(t, httpx.Client(conn, &prices))
	p, err := cheaply(&prices)(t.Context(), Query{"book"})
	require.NoError(t, err)
	require.Equal(t, Price{4, true}, p, "the second answer is not final")

	conn = served(t, 5)
	require.NoError(t, httpx.Client(conn, &prices))
	p, err = cheaply(&prices)(t.Context(), Query{"book"})
	require.NoError(t, err)
	require.Equal(t, 100, p.Cents)

	retry := retrypolicy.NewBuilder[Price]().WithMaxRetries(5).Build()
	p, err = withPolicy(&prices, retry)(t.Context(), Query{"book"})
	require.NoError(t, err)
	require.Equal(t, 4, p.Cents)
}

func TestGuidePriority(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shed *resilience.Shed
		want resilience.Priority
	}{
		"edge":   {edge(), resilience.Critical},
		"behind": {behind(), resilience.Sheddable},
	} {
		var got resilience.Priority
		svc := &Prices{
			Get: func(context.Context, Query) (Price, error) { return Price{}, nil },
			Export: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[Price], error) {
				got = resilience.PriorityFrom(ctx)
				return endpoint.StreamOf(Price{Cents: 1}, Price{Cents: 2}), nil
			},
		}
		mux := http.NewServeMux()
		require.NoError(t, httpx.Mount(mux, svc, httpx.Use(tt.shed)))
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		prices, err := dial(httpx.To(server.URL))
		require.NoError(t, err)
		all, err := export(t.Context(), prices)
		require.NoError(t, err)
		require.Len(t, all, 2)
		server.Close()
		require.Equal(t, tt.want, got, name)
	}
}

func TestGuideWatch(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	breaker := watched(slog.New(slog.NewTextHandler(&log, nil)))
	down := endpoint.Chain(func(context.Context, Query) (Price, error) {
		return Price{}, endpoint.Errorf(endpoint.Unavailable, "down")
	}, breaker.Wrap)
	var err error
	for range 6 {
		_, err = down(t.Context(), Query{})
	}
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.Contains(t, log.String(), "name=prices kind=opened")
	require.Equal(t, map[string]float64{"breaker_state": float64(resilience.Open)}, figures(breaker))
	require.Less(t, time.Duration(0), endpoint.ErrorOf(err).RetryAfter())
}
