package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/cors"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/inspection"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
)

// snippet: telemetry

// figures are the metrics of the program.
type figures struct {
	registry    *prometheus.Registry
	misdirected prometheus.Counter
	arrived     prometheus.Counter
}

// newTelemetry returns a layer that logs and measures each call, and the metrics.
func newTelemetry(log *slog.Logger) (endpoint.Layer, *figures) {
	calls := promx.New()
	f := &figures{
		registry: prometheus.NewRegistry(),
		misdirected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shipping_cargos_misdirected_total", Help: "Events of cargos that were handled against their plan.",
		}),
		arrived: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shipping_cargos_arrived_total", Help: "Events of cargos that were unloaded at their destination.",
		}),
	}
	f.registry.MustRegister(calls, f.misdirected, f.arrived)
	return observe.New(observe.NewRequestIDs(), observe.NewLogger(log), calls), f
}

// follow counts and logs what the inspection finds.
func (f *figures) follow(inspected *inspection.Service, log *slog.Logger) {
	inspected.Misdirected.Subscribe(func(ctx context.Context, c cargo.Cargo) {
		f.misdirected.Inc()
		log.WarnContext(ctx, "cargo misdirected", "tracking_id", c.TrackingID, "location", c.Delivery().LastKnownLocation)
	})
	inspected.Arrived.Subscribe(func(ctx context.Context, c cargo.Cargo) {
		f.arrived.Inc()
		log.InfoContext(ctx, "cargo arrived", "tracking_id", c.TrackingID, "location", c.Delivery().LastKnownLocation)
	})
}

// end snippet

// beside serves the metrics at /metrics and next elsewhere. Pages of other origins cannot
// read the metrics.
func (f *figures) beside(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.Handle("/", next)
	return mux
}

// snippet: cors

// allowPages lets pages of all origins make the calls of next, without credentials.
func allowPages(next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Origin", "Content-Type", "X-Request-Id"},
		ExposedHeaders: []string{"X-Request-Id"},
		MaxAge:         600, // seconds
	}).Handler(next)
}

// end snippet
