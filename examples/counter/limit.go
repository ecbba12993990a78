package counter

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: limit

// Limited returns a middleware that lets one call pass in each period, and rejects the
// others with resilience.ErrRateLimited. Its Retry-After is in whole seconds.
func Limited(every time.Duration) endpoint.Middleware[Amount, Total] {
	limiter := resilience.NewLimiter(1/every.Seconds(), 1)
	return func(next endpoint.Endpoint[Amount, Total]) endpoint.Endpoint[Amount, Total] {
		limited := limiter.Wrap(next)
		return func(ctx context.Context, a Amount) (Total, error) {
			t, err := limited(ctx, a)
			if errors.Is(err, resilience.ErrRateLimited) {
				rejected := endpoint.ErrorOf(err)
				err = rejected.With("rate limit exceeded").WithRetryAfter(ceil(rejected.RetryAfter()))
			}
			return t, err
		}
	}
}

// end snippet

// ceil rounds up to whole seconds, as the header Retry-After has them.
func ceil(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
