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

// ours returns the policies of package resilience: one by one by their Wrap, and
// several as a transport puts them around an operation.
func ours() []subject {
	all := []subject{
		{groupLimiter, kindOurs, endpoint.Chain(handle, resilience.NewLimiter(plenty, burst).Wrap)},
		{groupBreaker, kindOurs, endpoint.Chain(handle, resilience.NewBreaker(5).Wrap)},
		{groupWindow, kindOurs, endpoint.Chain(handle, resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5)).Wrap)},
		{groupBulkhead, kindOurs, endpoint.Chain(handle, resilience.NewBulkhead(10).Wrap)},
		{groupAdaptive, kindOurs, endpoint.Chain(handle, resilience.NewAdaptive().Wrap)},
		{groupThrottle, kindOurs, endpoint.Chain(handle, resilience.NewThrottler().Wrap)},
		{groupTimeout, kindOurs, endpoint.Chain(handle, resilience.NewTimeout(time.Second).Wrap)},
		{groupRetry, kindOurs, endpoint.Chain(handle, resilience.NewRetry(3).Wrap)},
		{groupHedge, kindOurs, endpoint.Chain(handle, resilience.NewHedge(time.Second).Wrap)},
		{groupStack, kindOurs, bound(resilience.NewLimiter(plenty, burst), resilience.NewBreaker(5), resilience.NewBulkhead(10))},
		{groupClient, kindOurs, bound(resilience.NewRetry(3), resilience.NewBreaker(5), resilience.NewTimeout(time.Second))},
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

// bound returns handle behind the layers, as a client has them.
func bound(layers ...endpoint.Layer) answer {
	stack, err := endpoint.Stack(layers).Bind(&endpoint.Operation{Side: endpoint.ClientSide})
	if err != nil {
		return func(context.Context, record) (record, error) { return record{}, err }
	}
	return stack.Wrap(handle)
}
