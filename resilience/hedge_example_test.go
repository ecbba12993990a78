package resilience_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func ExampleNewHedge() {
	var attempts atomic.Int64
	replica := func(ctx context.Context, req string) (string, error) {
		if attempts.Add(1) == 1 {
			return hangs(ctx, req) // until it is cancelled: it has lost
		}
		return "answer", nil
	}
	hedge := resilience.NewHedge(5*time.Millisecond, resilience.Quantile(0.95))
	e := endpoint.Chain(replica, hedge.Wrap)
	fmt.Println(e(context.Background(), "hello"))
	fmt.Println(attempts.Load(), "attempts")
	// Output:
	// answer <nil>
	// 2 attempts
}

// A Hedge answers slowness only: a failure is the answer, unless another attempt
// is pending. A Retry outside repeats it.
func ExampleHedge_Wrap() {
	backend := flaky(1, endpoint.Errorf(endpoint.Unavailable, "overloaded"))
	hedge, retry := resilience.NewHedge(time.Second), resilience.NewRetry(2, resilience.Backoff(0, 0))
	_, err := endpoint.Chain(backend, hedge.Wrap)(context.Background(), "hello")
	fmt.Println(err)

	backend = flaky(1, endpoint.Errorf(endpoint.Unavailable, "overloaded"))
	fmt.Println(endpoint.Stack{retry, hedge}.Wrap(backend)(context.Background(), "hello"))
	// Output:
	// overloaded
	// answer <nil>
}

// Outside a Retry, each of the hedged attempts would repeat by itself: a backend
// that is down would get their product. It is refused.
func ExampleHedge_incorrect() {
	hedge, retry := resilience.NewHedge(time.Second), resilience.NewRetry(3)
	e := endpoint.Stack{hedge, retry}.Wrap(flaky(0, nil))
	_, err := e(context.Background(), "hello")
	fmt.Println(err)
	// Output: endpoint: *resilience.Hedge stands outside *resilience.Retry: each hedged attempt would repeat by itself; put the retry outside
}
