package resilience

import (
	"context"

	"github.com/typedkit/endpoint"
)

// common is what all policies have: their construction, and what the options set
// that all of them take.
type common struct {
	construction
	name    string
	onEvent func(context.Context, endpoint.Event)
}

// emit passes an event of the policy to the OnEvent callback, if there is one.
// It must be called without a lock held.
func (c *common) emit(ctx context.Context, e endpoint.Event) {
	if c.onEvent == nil {
		return
	}
	e.Name = c.name
	if e.Operation == nil {
		if call := endpoint.CallFrom(ctx); call != nil {
			e.Operation = call.Operation()
		}
	}
	c.onEvent(ctx, e)
}

// An Option is taken by the constructor of every policy.
type Option interface {
	// One line for each policy, whose file has commonOption's method for it.
	ShedOption
	LimiterOption
	WaiterOption
	PerClientOption
	QuotaOption
	BreakerOption
	BulkheadOption
	AdaptiveOption
	ThrottlerOption
	TimeoutOption
	RetryOption
	HedgeOption

	apply(*common) // of policies without options of their own
}

type commonOption func(*common)

func (o commonOption) apply(c *common) { o(c) }

// Named names the policy in its events and gauges. The default is no name.
func Named(name string) Option {
	return commonOption(func(c *common) { c.name = name })
}

// OnEvent has f called for each event of the policy, without any lock held. The
// default is nobody. A later OnEvent replaces an earlier one.
func OnEvent(f func(context.Context, endpoint.Event)) Option {
	return commonOption(func(c *common) { c.onEvent = f })
}
