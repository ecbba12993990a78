package main

import (
	"context"
	"time"

	"github.com/go-kit/kit/circuitbreaker"
	kit "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/ratelimit"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/sony/gobreaker"
	"golang.org/x/time/rate"
)

// kits returns go-kit's wrappers. Requests and responses are boxed, as its
// transports and its users' endpoints do.
func kits() []subject {
	limiter := ratelimit.NewErroringLimiter(rate.NewLimiter(plenty, burst))
	breaker := func() kit.Middleware {
		return circuitbreaker.Gobreaker(gobreaker.NewCircuitBreaker(gobreaker.Settings{
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		}))
	}
	return []subject{
		{groupLimiter, kindKit, unboxed(limiter(boxed))},
		{groupBreaker, kindKit, unboxed(breaker()(boxed))},
		{groupRetry, kindKit, unboxed(retried(boxed))},
		{groupClient, kindKit, unboxed(retried(breaker()(boxed)))},
	}
}

func boxed(ctx context.Context, request any) (any, error) {
	return handle(ctx, request.(record))
}

func unboxed(e kit.Endpoint) answer {
	return func(ctx context.Context, req record) (record, error) {
		resp, err := e(ctx, req)
		if err != nil {
			return record{}, err
		}
		return resp.(record), nil
	}
}

// retried is go-kit's retry, which has a time-out and asks a balancer.
func retried(e kit.Endpoint) kit.Endpoint {
	return lb.Retry(3, time.Second, lb.NewRoundRobin(sd.FixedEndpointer{e}))
}
