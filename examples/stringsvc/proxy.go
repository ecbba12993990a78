package stringsvc

import (
	"context"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: proxy

// Proxy returns a service whose Uppercase is answered by these instances of it,
// "host:port", until ctx ends. It counts itself.
func Proxy(ctx context.Context, instances ...string) (*Strings, error) {
	pool := discover.New(httpx.Dialer())
	go func() { _ = pool.Run(ctx, discover.Static(instances...)) }()

	// Outside the retry, the breaker judges what becomes of calls: an instance that
	// is gone fails none, and its probe looks for one that is back.
	breaker := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5))
	retry := resilience.NewRetry(3)
	limiter := resilience.NewLimiter(1000, 1000)
	timeout := resilience.NewTimeout(250 * time.Millisecond) // of each attempt

	var far Strings
	err := httpx.Client(pool, &far, httpx.Use(breaker, retry, limiter, timeout))
	s := New()
	s.Uppercase = far.Uppercase
	return s, err
}

// end snippet
