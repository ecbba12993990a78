package main

import (
	"context"
	"time"

	"github.com/sony/gobreaker/v2"
)

// gobreakers returns gobreaker v2, which is typed.
func gobreakers() []subject {
	row := gobreaker.Settings{ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 }}
	window := gobreaker.Settings{
		Interval: 10 * time.Second, BucketPeriod: time.Second,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.TotalFailures >= 20 && 2*c.TotalFailures >= c.Requests },
	}
	return []subject{
		{groupBreaker, kindBreaker, broken(row)},
		{groupWindow, kindBreaker, broken(window)},
	}
}

func broken(s gobreaker.Settings) answer {
	b := gobreaker.NewCircuitBreaker[record](s)
	return func(ctx context.Context, req record) (record, error) {
		return b.Execute(func() (record, error) { return handle(ctx, req) })
	}
}
