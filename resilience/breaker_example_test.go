package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// A Breaker for all operations of a client, each with a state of its own. It
// opens when at least 20 calls of the last 10 seconds failed, and these are at
// least half of them.
func ExampleNewBreaker() {
	breaker := resilience.NewBreaker(20,
		resilience.Window(10*time.Second), resilience.Ratio(0.5),
		resilience.Cooldown(2*time.Second), resilience.Probes(3),
	)
	var c counter
	err := httpx.Client(httpx.To("http://localhost:8080"), &c, httpx.Use(breaker))
	fmt.Println(err)
	// Output: <nil>
}

// A Breaker around one endpoint.
func ExampleBreaker_Wrap() {
	tell := resilience.OnEvent(func(_ context.Context, e endpoint.Event) { fmt.Println("event:", e.Kind) })
	breaker := resilience.NewBreaker(2, tell)
	e := endpoint.Chain(no(errDown), breaker.Wrap)
	for range 3 {
		_, err := e(context.Background(), 1)
		fmt.Println(err, breaker.State())
	}
	// Output:
	// down closed
	// event: opened
	// down open
	// event: rejected
	// temporarily unavailable open
}

// Faults of the caller say nothing against the server. Whoever counts every error
// lets one bad client close the operation to all.
func ExampleFailIf_incorrect() {
	breaker := resilience.NewBreaker(3, resilience.FailIf(func(error) bool { return true }))
	e := endpoint.Chain(no(endpoint.Errorf(endpoint.InvalidArgument, "no such unit")), breaker.Wrap)
	for range 3 {
		_, _ = e(context.Background(), 1)
	}
	fmt.Println(breaker.State())
	// Output: open
}

// A Bulkhead with ten permits; twenty more calls wait, for up to half a second.
func ExampleNewBulkhead() {
	bulkhead := resilience.NewBulkhead(10, resilience.Queue(20, 500*time.Millisecond))
	fmt.Println(bulkhead.Err())
	// Output: <nil>
}

func ExampleBulkhead_Wrap() {
	bulkhead := resilience.NewBulkhead(1)
	var e endpoint.Endpoint[string, string]
	e = endpoint.Chain(func(ctx context.Context, s string) (string, error) {
		if s == "outer" {
			return e(ctx, "inner") // while the only permit is in use
		}
		return s, nil
	}, bulkhead.Wrap)
	_, err := e(context.Background(), "outer")
	fmt.Println(err, errors.Is(err, resilience.ErrOutOfCapacity))
	// Output: out of capacity true
}

// An Adaptive that lets at least 5 calls run, however slow they get.
func ExampleNewAdaptive() {
	adaptive := resilience.NewAdaptive(resilience.Limits(5, 100))
	fmt.Println(adaptive.Limit(), adaptive.Err())
	// Output: 20 <nil>
}

func ExampleAdaptive_Wrap() {
	adaptive := resilience.NewAdaptive()
	e := endpoint.Chain(upper, adaptive.Wrap)
	fmt.Println(e(context.Background(), "hi"))
	for g := range adaptive.Gauges {
		fmt.Println(g.Metric, g.Value)
	}
	// Output:
	// hi! <nil>
	// permits 20
	// permits_in_use 0
	// waiting 0
}

// A Throttler for the client of a server that may be overloaded.
func ExampleNewThrottler() {
	throttler := resilience.NewThrottler(resilience.Multiplier(1.5), resilience.Window(time.Minute))
	var c counter
	err := httpx.Client(httpx.To("http://localhost:8080"), &c, httpx.Use(throttler))
	fmt.Println(err)
	// Output: <nil>
}

// The more calls the server turns down, the fewer reach it.
func ExampleThrottler_Wrap() {
	reached := 0
	e := endpoint.Chain(func(context.Context, int) (int, error) {
		reached++
		return 0, errDown
	}, resilience.NewThrottler().Wrap)
	for range 1000 {
		_, _ = e(context.Background(), 1)
	}
	fmt.Println("less than a tenth:", reached < 100)
	// Output: less than a tenth: true
}
