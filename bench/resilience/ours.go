package main

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// What a limit must be never to reject in a measurement.
const (
	plenty = 1e9
	burst  = 1 << 30
)

// free is a Throttle that lets all calls pass.
type free struct{}

func (free) Allow(context.Context, string) (bool, time.Duration, error) { return true, 0, nil }

// ours returns the policies of package resilience, one by one and together.
func ours() []subject {
	stacks := map[string]endpoint.Stack{
		groupLimiter:  {resilience.NewLimiter(plenty, burst)},
		groupBreaker:  {resilience.NewBreaker(5)},
		groupWindow:   {resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5))},
		groupBulkhead: {resilience.NewBulkhead(10)},
		groupAdaptive: {resilience.NewAdaptive()},
		groupThrottle: {resilience.NewThrottler()},
		groupTimeout:  {resilience.NewTimeout(time.Second)},
		groupRetry:    {resilience.NewRetry(3)},
		groupHedge:    {resilience.NewHedge(time.Second)},
		groupStack:    {resilience.NewLimiter(plenty, burst), resilience.NewBreaker(5), resilience.NewBulkhead(10)},
		groupClient:   {resilience.NewRetry(3), resilience.NewBreaker(5), resilience.NewTimeout(time.Second)},
	}
	var all []subject
	for _, g := range groups() {
		all = append(all, subject{g, kindOurs, stacks[g].Wrap(handle)})
	}
	for i, a := range []answer{
		endpoint.Chain(handle, resilience.NewWaiter(plenty, burst).Wrap),
		endpoint.Chain(handle, resilience.NewPerClient(plenty, burst).Wrap),
		endpoint.Chain(handle, resilience.NewQuota(free{}).Wrap),
		endpoint.Chain(handle, resilience.NewShed().Wrap),
		endpoint.Chain(handle, resilience.NewRetry(3).If(func(_ record, err error) bool { return err != nil }).Wrap),
		endpoint.Chain(handle, resilience.Fallback(func(_ context.Context, req record, _ error) (record, error) { return req, nil }).Wrap),
		endpoint.Chain(handle, resilience.Coalesce(func(req record) int64 { return req.ID }).Wrap),
		endpoint.Chain(handle, resilience.Policies(retrypolicy.NewWithDefaults[record]()).Wrap),
	} {
		all = append(all, subject{groupOthers, others()[i+1], a})
	}
	return all
}
