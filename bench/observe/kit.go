package main

import (
	"context"
	"fmt"
	"io"
	"time"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/metrics"
	kitprometheus "github.com/go-kit/kit/metrics/prometheus"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// kits returns go-kit's way, as its examples have it: a counter and a histogram
// whose labels are given at each call, and a logger of its own. Requests and
// responses are boxed. It has no tracing by OpenTelemetry in the groups with
// traces: go-kit's adapters are for OpenTracing, OpenCensus and Zipkin.
func kits() []subject {
	all := []subject{{groupMetrics, kindKit, unboxed(kitMetrics()(boxed))}}
	for _, g := range []string{groupOut, groupParent} {
		all = append(all, subject{g, kindKit, unboxed(kit.Chain(kitLogging(), kitMetrics())(boxed))})
	}
	return all
}

func kitMetrics() kit.Middleware {
	s := newSeries()
	var calls metrics.Counter = kitprometheus.NewCounter(s.calls)
	var duration metrics.Histogram = kitprometheus.NewHistogram(s.duration)
	var inFlight metrics.Gauge = kitprometheus.NewGauge(s.inFlight)
	where := []string{"service", op.Service, "operation", op.Name, "side", "server", "transport", op.Transport}
	calls, duration, inFlight = calls.With(where...), duration.With(where...), inFlight.With(where...)
	return func(next kit.Endpoint) kit.Endpoint {
		return func(ctx context.Context, req any) (resp any, err error) {
			inFlight.Add(1)
			defer func(began time.Time) {
				code := "OK"
				if err != nil {
					code = "UNKNOWN"
				}
				inFlight.Add(-1)
				calls.With("code", code).Add(1)
				duration.With("code", code).Observe(time.Since(began).Seconds())
			}(time.Now())
			return next(ctx, req)
		}
	}
}

func kitLogging() kit.Middleware {
	l := level.NewFilter(log.NewLogfmtLogger(io.Discard), level.AllowWarn())
	return func(next kit.Endpoint) kit.Endpoint {
		return func(ctx context.Context, req any) (resp any, err error) {
			defer func(began time.Time) {
				_ = level.Info(l).Log("operation", "Get", "took", time.Since(began), "err", err)
			}(time.Now())
			return next(ctx, req)
		}
	}
}

func boxed(ctx context.Context, req any) (any, error) {
	r, ok := req.(record)
	if !ok {
		return nil, fmt.Errorf("a request of type %T", req)
	}
	return handle(ctx, r)
}

func unboxed(e kit.Endpoint) answer {
	return func(ctx context.Context, req record) (record, error) {
		resp, err := e(ctx, req)
		if err != nil {
			return record{}, err
		}
		r, ok := resp.(record)
		if !ok {
			return record{}, fmt.Errorf("a response of type %T", resp)
		}
		return r, nil
	}
}
