// Package observe makes services tell what they do: logs, traces, metrics and
// service level objectives, in one layer.
//
//	telemetry := observe.New(logger, slo, tracer, meter)
//	err := httpx.Mount(r, svc, httpx.Use(telemetry, limiter))
//	err = httpx.Client(to, &c, httpx.Use(telemetry, retry, telemetry.Attempts(), timeout))
//
// Each part is of use alone, too: it is a layer with a method Wrap. Together in
// one layer they read the clock once at each end of a call. What a part needs
// for an operation it makes when the service is mounted, not on a call.
//
// The parts that need no library are here: [Logger] on slog, [SLO], [Expvar],
// [StatsD] and [RequestIDs]. Those of OpenTelemetry are in otelx, those of
// Prometheus in promx. A part of one's own has the one method of [Part].
//
// Constructors keep what is wrong with their arguments, including nil options:
// Mount, Client and Register report the faults of all parts, and the method Err
// returns them earlier. A part that was not made by its constructor has such a fault
// as well.
package observe
