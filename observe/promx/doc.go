// Package promx gives services metrics by Prometheus's client library.
//
//	metrics := promx.New(promx.Exemplars(otelx.TraceID))
//	registry.MustRegister(metrics)
//	err := httpx.Mount(r, svc, httpx.Use(observe.New(logger, metrics)))
//	breaker := resilience.NewBreaker(5, resilience.OnEvent(metrics.Event))
//	metrics.Watch(breaker.Gauges)
//
// Nothing is registered but where the user says. The labels of a call are its
// service, operation, side, transport and code, and never anything of a
// request: no path, no address. How many there are is bounded.
package promx
