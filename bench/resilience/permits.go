package main

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/adaptivethrottler"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

var errRefused = errors.New("refused")

// permits returns what the libraries take by themselves: their calls before and
// after the work, written around it by hand, with nothing for a panic.
func permits() []subject {
	return []subject{
		{groupLimiter, kindTime, byTime()},
		{groupLimiter, kindPermit, byRateLimiter()},
		{groupBreaker, kindPermit, byBreaker(rowBreaker())},
		{groupWindow, kindPermit, byBreaker(windowBreaker())},
		{groupBulkhead, kindSync, bySemaphore()},
		{groupBulkhead, kindPermit, byBulkhead()},
		{groupAdaptive, kindPermit, byAdaptive()},
		{groupThrottle, kindPermit, byThrottler()},
		{groupTimeout, kindContext, byContext()},
		{groupStack, kindPermit, byStack()},
	}
}

func byTime() answer {
	l := rate.NewLimiter(plenty, burst)
	return func(ctx context.Context, req record) (record, error) {
		if !l.Allow() {
			return record{}, errRefused
		}
		return handle(ctx, req)
	}
}

func byRateLimiter() answer {
	l := ratelimiter.NewSmoothWithMaxRate[record](time.Nanosecond)
	return func(ctx context.Context, req record) (record, error) {
		if !l.TryAcquirePermit() {
			return record{}, errRefused
		}
		return handle(ctx, req)
	}
}

func byBreaker(b circuitbreaker.CircuitBreaker[record]) answer {
	return func(ctx context.Context, req record) (record, error) {
		if !b.TryAcquirePermit() {
			return record{}, errRefused
		}
		resp, err := handle(ctx, req)
		if err != nil {
			b.RecordError(err)
			return record{}, err
		}
		b.RecordSuccess()
		return resp, nil
	}
}

func bySemaphore() answer {
	s := semaphore.NewWeighted(10)
	return func(ctx context.Context, req record) (record, error) {
		if !s.TryAcquire(1) {
			return record{}, errRefused
		}
		defer s.Release(1)
		return handle(ctx, req)
	}
}

func byBulkhead() answer {
	b := bulkhead.New[record](10)
	return func(ctx context.Context, req record) (record, error) {
		if !b.TryAcquirePermit() {
			return record{}, errRefused
		}
		defer b.ReleasePermit()
		return handle(ctx, req)
	}
}

func byAdaptive() answer {
	l := adaptivelimiter.NewWithDefaults[record]()
	return func(ctx context.Context, req record) (record, error) {
		p, ok := l.TryAcquirePermit()
		if !ok {
			return record{}, errRefused
		}
		resp, err := handle(ctx, req)
		p.Record()
		return resp, err
	}
}

func byThrottler() answer {
	t := adaptivethrottler.NewWithDefaults[record]()
	return func(ctx context.Context, req record) (record, error) {
		if !t.TryAcquirePermit() {
			return record{}, errRefused
		}
		resp, err := handle(ctx, req)
		if err != nil {
			t.RecordError(err)
			return record{}, err
		}
		t.RecordSuccess()
		return resp, nil
	}
}

func byContext() answer {
	return func(ctx context.Context, req record) (record, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return handle(ctx, req)
	}
}

// byStack is a limiter of x/time around a breaker and a bulkhead of failsafe-go.
func byStack() answer {
	l, breaker, b := rate.NewLimiter(plenty, burst), rowBreaker(), bulkhead.New[record](10)
	return func(ctx context.Context, req record) (record, error) {
		if !l.Allow() || !breaker.TryAcquirePermit() {
			return record{}, errRefused
		}
		if !b.TryAcquirePermit() {
			breaker.RecordSuccess()
			return record{}, errRefused
		}
		defer b.ReleasePermit()
		resp, err := handle(ctx, req)
		if err != nil {
			breaker.RecordError(err)
			return record{}, err
		}
		breaker.RecordSuccess()
		return resp, nil
	}
}
