package routing_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

var spec = cargo.RouteSpecification{Origin: "SESTO", Destination: "CNHKG"}

// client returns the client of a routing service that h serves, and its URL.
func client(t *testing.T, h http.Handler) (*routing.Service, string) {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	c, err := dial(web.URL)
	require.NoError(t, err)
	return c, web.URL
}

func dial(url string) (*routing.Service, error) {
	s := server.New("test", server.Log(slog.New(slog.DiscardHandler)))
	nothing := func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil }
	return routing.NewClient(s, url, endpoint.LayerFunc(nothing))
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}

// TestForeign reads the answers of another routing service, with members that this client
// does not know.
func TestForeign(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 2)
	reply := answer(`{"paths":[{"edges":[{"origin":"SESTO","destination":"FIHEL","voyage":"0100S",` +
		`"departure":"2030-01-02T03:04:05Z","arrival":"2030-01-03T03:04:05Z","cost":7}]}]}` + "\n")
	_, url := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.String()
		reply(w, r)
	}))
	for _, base := range []string{url, url + "/paths"} {
		c, err := dial(base)
		require.NoError(t, err)
		got, err := c.Routes(t.Context(), spec)
		require.NoError(t, err)
		require.Equal(t, []cargo.Itinerary{{Legs: []cargo.Leg{{
			VoyageNumber: "0100S", LoadLocation: "SESTO", UnloadLocation: "FIHEL",
			LoadTime: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), UnloadTime: time.Date(2030, 1, 3, 3, 4, 5, 0, time.UTC),
		}}}}, got)
		require.Equal(t, "GET /paths?from=SESTO&to=CNHKG", <-asked)
	}
}

// TestDown has a routing service in every kind of trouble: the answer is ErrUnavailable, within
// three seconds.
func TestDown(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"hangs":        func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"fails":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"knows no way": http.NotFound,
		"breaks off":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"is a page":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"is too long":  answer(`{"paths":[` + strings.Repeat(`{"edges":[]},`, 50_000) + `{}]}`),
		"is not JSON":  answer(`{"paths":7}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := client(t, h)
			began := time.Now()
			_, err := c.Routes(t.Context(), spec)
			require.ErrorIs(t, err, routing.ErrUnavailable)
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.Less(t, time.Since(began), 3*time.Second)
		})
	}
	t.Run("is gone", func(t *testing.T) {
		t.Parallel()
		web := httptest.NewServer(nil)
		web.Close()
		c, err := dial(web.URL)
		require.NoError(t, err)
		_, err = c.Routes(t.Context(), spec)
		require.ErrorIs(t, err, routing.ErrUnavailable)
	})
}

// TestRetry has a routing service that fails once.
func TestRetry(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(`{}`)(w, r)
	}))
	got, err := c.Routes(t.Context(), spec)
	require.NoError(t, err)
	require.Empty(t, got)
	require.EqualValues(t, 2, calls.Load())
}

// TestBreaker opens the breaker: a call then fails at once, without reaching the service.
func TestBreaker(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	var err error
	for range 100 {
		if _, err = c.Routes(t.Context(), spec); errors.Is(err, resilience.ErrOpen) {
			break
		}
	}
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.ErrorIs(t, err, routing.ErrUnavailable)
	require.Positive(t, endpoint.ErrorOf(err).RetryAfter())
	require.Less(t, calls.Load(), int64(50))
}

// TestCallerGone ends with the caller's own error.
func TestCallerGone(t *testing.T) {
	t.Parallel()
	c, _ := client(t, answer(`{}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Routes(ctx, spec)
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
	require.NotErrorIs(t, err, routing.ErrUnavailable)
}
