package counter_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/httpx"
)

// dial serves a counter until the test ends, and returns its client.
func dial(t *testing.T) *counter.Counter {
	t.Helper()
	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, counter.New()))
	web := httptest.NewServer(httpx.Problems(r))
	t.Cleanup(web.Close)
	var c counter.Counter
	require.NoError(t, httpx.Client(httpx.To(web.URL), &c))
	return &c
}

func TestCounter(t *testing.T) {
	t.Parallel()
	c := dial(t)
	for _, call := range []struct{ v, want int64 }{{1, 1}, {2, 3}, {-5, -2}, {0, -2}} {
		got, err := c.Add(t.Context(), counter.Amount{V: call.v})
		require.NoError(t, err)
		require.Equal(t, counter.Total{V: call.want}, got)
	}
}

// TestOverflow keeps a total that would overflow, in both directions.
func TestOverflow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ start, v int64 }{
		"above":          {math.MaxInt64, 1},
		"far above":      {1, math.MaxInt64},
		"below":          {math.MinInt64, -1},
		"far below":      {-1, math.MinInt64},
		"as low as zero": {math.MinInt64, math.MinInt64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t)
			_, err := c.Add(t.Context(), counter.Amount{V: tt.start})
			require.NoError(t, err)
			_, err = c.Add(t.Context(), counter.Amount{V: tt.v})
			require.ErrorIs(t, err, counter.ErrOverflow)
			require.Equal(t, endpoint.OutOfRange, endpoint.CodeOf(err))
			require.Equal(t, http.StatusBadRequest, endpoint.CodeOf(err).HTTPStatus())
			got, err := c.Add(t.Context(), counter.Amount{})
			require.NoError(t, err)
			require.Equal(t, tt.start, got.V, "the total that was kept")
		})
	}
}

// TestConcurrent adds from several goroutines.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	svc := counter.New()
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 100 {
				_, _ = svc.Add(t.Context(), counter.Amount{V: 1})
			}
		})
	}
	calls.Wait()
	got, err := svc.Add(t.Context(), counter.Amount{})
	require.NoError(t, err)
	require.Equal(t, counter.Total{V: 800}, got)
}
