package main

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/adaptivethrottler"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// rowBreaker opens after five failures in a row.
func rowBreaker() circuitbreaker.CircuitBreaker[record] {
	return circuitbreaker.NewBuilder[record]().WithFailureThreshold(5).Build()
}

// windowBreaker opens when half of the calls of ten seconds failed, and 20.
func windowBreaker() circuitbreaker.CircuitBreaker[record] {
	return circuitbreaker.NewBuilder[record]().WithFailureRateThreshold(0.5, 20, 10*time.Second).Build()
}

// executors returns failsafe-go's own way: policies in an Executor.
func executors() []subject {
	rates := ratelimiter.NewSmoothWithMaxRate[record](time.Nanosecond)
	room := bulkhead.New[record](10)
	limit := timeout.New[record](time.Second)
	retry := retrypolicy.NewWithDefaults[record]()
	return []subject{
		{groupLimiter, kindExecutor, executed(rates)},
		{groupBreaker, kindExecutor, executed(rowBreaker())},
		{groupWindow, kindExecutor, executed(windowBreaker())},
		{groupBulkhead, kindExecutor, executed(room)},
		{groupAdaptive, kindExecutor, executed(adaptivelimiter.NewWithDefaults[record]())},
		{groupThrottle, kindExecutor, executed(adaptivethrottler.NewWithDefaults[record]())},
		{groupTimeout, kindExecutor, executed(limit)},
		{groupRetry, kindExecutor, executed(retry)},
		{groupHedge, kindExecutor, executed(hedgepolicy.NewWithDelay[record](time.Second))},
		{groupStack, kindExecutor, executed(rates, rowBreaker(), room)},
		{groupClient, kindExecutor, executed(retry, rowBreaker(), limit)},
	}
}

func executed(policies ...failsafe.Policy[record]) answer {
	executor := failsafe.With(policies...)
	return func(ctx context.Context, req record) (record, error) {
		return executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[record]) (record, error) {
			return handle(exec.Context(), req)
		})
	}
}
