package promx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/resilience"
)

// scrape prints the lines of an exposition that begin with prefix.
func scrape(h http.Handler, prefix string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			fmt.Print(line)
		}
	}
}

func ExampleNew() {
	metrics := promx.New()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if err := httpx.Mount(mux, profiles(), httpx.Use(observe.New(metrics))); err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/profiles/1", "/profiles/2", "/profiles/nobody"} {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, http.NoBody))
	}
	scrape(mux, "endpoint_calls_total")
	// Output:
	// endpoint_calls_total{code="NOT_FOUND",operation="Get",service="Profiles",side="server",transport="http"} 1
	// endpoint_calls_total{code="OK",operation="Get",service="Profiles",side="server",transport="http"} 2
}

// Metrics alone decorate a single endpoint, too.
func ExampleMetrics_Wrap() {
	metrics := promx.New()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)

	double := func(_ context.Context, n int) (int, error) { return 2 * n, nil }
	_, _ = endpoint.Chain(double, metrics.Wrap)(context.Background(), 21)

	scrape(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), "endpoint_calls_total")
	// Output:
	// endpoint_calls_total{code="OK",operation="",service="",side="",transport=""} 1
}

func ExampleMetrics_Watch() {
	metrics := promx.New()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)

	breaker := resilience.NewBreaker(1, resilience.Named("stock"), resilience.OnEvent(metrics.Event))
	metrics.Watch(breaker.Gauges)

	down := func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "down") }
	_, _ = endpoint.Chain(down, breaker.Wrap)(context.Background(), 1)

	h := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	scrape(h, "endpoint_breaker_state")
	scrape(h, "endpoint_events_total")
	// Output:
	// endpoint_breaker_state{detail="",name="stock",operation="",service=""} 2
	// endpoint_events_total{kind="opened",name="stock",operation="",service="",source="breaker"} 1
}
