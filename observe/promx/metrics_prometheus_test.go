package promx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/resilience"
)

// program returns where a program of Prometheus is, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := promtest.Find(t, name)
	if err != nil {
		t.Skipf("%v (it is in Debian's package prometheus)", err)
	}
	return path
}

// used returns metrics with something in each series.
func used(t *testing.T) *promx.Metrics {
	t.Helper()
	m := promx.New(promx.Sizes(), promx.Exemplars(func(context.Context) string { return "0af7651916cd43dd8448eb211c80319c" }))
	breaker := resilience.NewBreaker(2, resilience.Named("stock"), resilience.OnEvent(m.Event))
	m.Watch(breaker.Gauges)
	e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "") }, breaker.Wrap)
	for range 3 {
		_, _ = e(t.Context(), 1)
	}
	h := mount(t, m)
	for range 7 {
		require.Equal(t, 200, get(t, h, "/profiles/1"))
	}
	require.Equal(t, 404, get(t, h, "/profiles/nobody"))
	require.Equal(t, 200, get(t, h, "/profiles"))
	return m
}

func exposition(t *testing.T, m *promx.Metrics) http.Handler {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(m))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// TestPromtool has the names and the texts of the metrics judged by
// Prometheus's own linter.
func TestPromtool(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	exposition(t, used(t)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	promtest.Lint(t, program(t, "promtool"), w.Body)
}

// TestPrometheus has a real server scrape the metrics and asks it what it has.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	path := program(t, "prometheus")
	target := httptest.NewServer(exposition(t, used(t)))
	defer target.Close()
	server := promtest.Scrape(t, path, strings.TrimPrefix(target.URL, "http://"), "--enable-feature=native-histograms")

	const get = `service="Profiles",operation="Get",side="server",transport="http"`
	promtest.Expect(t, server, map[string]string{
		`sum(endpoint_calls_total{` + get + `})`:                                                    "8",
		`endpoint_calls_total{code="NOT_FOUND",` + get + `}`:                                        "1",
		`histogram_count(endpoint_call_duration_seconds{code="OK",` + get + `})`:                    "7",
		`endpoint_calls_in_flight{` + get + `}`:                                                     "0",
		`endpoint_events_total{source="breaker",name="stock",kind="opened"}`:                        "1",
		`endpoint_breaker_state{name="stock"} > bool 0`:                                             "1",
		`sum(endpoint_response_bytes_total{` + get + `})`:                                           "234",
		`histogram_count(endpoint_first_item_seconds{operation="List"})`:                            "1",
		`histogram_quantile(0.99, endpoint_call_duration_seconds{code="OK",` + get + `}) < bool 10`: "1",
	})
}
