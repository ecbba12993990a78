package health_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/health"
)

// ask returns the answer of h.
func ask(t *testing.T, h http.Handler, method string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/health", http.NoBody))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	return w
}

// TestDocument has a check of each kind. The times are those of a bubble.
func TestDocument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := health.State{Name: "running", Alive: true, Ready: true}
		r, _ := start(t, nil,
			health.Check{Name: "db", Run: func(context.Context) error { time.Sleep(1500 * time.Microsecond); return nil }},
			health.Check{Name: "cache", Warns: true, Run: fail},
			health.Check{Name: "slow", Warns: true, Run: func(ctx context.Context) error { <-ctx.Done(); return nil }})
		time.Sleep(time.Second)
		synctest.Wait()
		d := &health.Document{Service: "addsvc", Release: "v1.2.3", State: func() health.State { return state }, Report: r.Report}
		got := ask(t, d, http.MethodGet)
		require.Equal(t, http.StatusOK, got.Code)
		require.Equal(t, "application/health+json", got.Header().Get("Content-Type"))
		require.JSONEq(t, `{"status": "warn", "releaseId": "v1.2.3", "serviceId": "addsvc", "notes": ["the server is running"], "checks": {
			"cache:responseTime": [{"componentType": "component", "status": "warn", "severity": "warn", "output": "down",
				"observedValue": 0, "observedUnit": "ms", "time": "2000-01-01T00:00:00Z", "since": "2000-01-01T00:00:00Z"}],
			"db:responseTime": [{"componentType": "component", "status": "pass", "severity": "critical",
				"observedValue": 1.5, "observedUnit": "ms", "time": "2000-01-01T00:00:00Z", "since": "2000-01-01T00:00:00.0015Z"}],
			"slow:responseTime": [{"componentType": "component", "status": "warn", "severity": "warn", "output": "not run yet",
				"since": "2000-01-01T00:00:00Z"}]}}`, got.Body.String())
		require.Equal(t, http.StatusMethodNotAllowed, ask(t, d, http.MethodPut).Code)
		require.Equal(t, http.StatusOK, ask(t, d, http.MethodHead).Code)
		state = health.State{Name: "draining", Alive: true}
		got = ask(t, d, http.MethodGet)
		require.Equal(t, http.StatusServiceUnavailable, got.Code)
		require.Contains(t, got.Body.String(), `{"status":"fail"`)
		require.Contains(t, got.Body.String(), `"the server is draining"`)
	})
}

// TestDocumentFails has a critical check that fails, and no release.
func TestDocumentFails(t *testing.T) {
	t.Parallel()
	d := &health.Document{
		Service: "addsvc", State: func() health.State { return health.State{Name: "running", Ready: true} },
		Report: health.New([]health.Check{{Name: "a", Run: pass}}, nil).Report,
	}
	got := ask(t, d, http.MethodGet)
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.Contains(t, got.Body.String(), `{"status":"fail","serviceId":"addsvc",`)
}
