package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMetrics has what Prometheus scrapes after a call.
func TestMetrics(t *testing.T) {
	t.Parallel()
	server, err := newServer(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	var body string
	for _, path := range []string{"/profiles/nobody", "/metrics"} {
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		body = w.Body.String()
	}
	require.Contains(t, body, `endpoint_calls_total{code="NOT_FOUND",operation="Get",service="Profiles",side="server",transport="http"} 1`)
}
