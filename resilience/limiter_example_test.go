package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/time/rate"
)

// upper is the endpoint that the examples protect.
func upper(_ context.Context, s string) (string, error) { return s + "!", nil }

// A Limiter around a whole service: 100 calls a second, ten of them at once.
func ExampleNewLimiter() {
	limiter := resilience.NewLimiter(100, 10)
	err := httpx.Mount(http.NewServeMux(), counting(nil), httpx.Use(limiter))
	fmt.Println(err)

	// What makes no sense is reported there, and by Err.
	fmt.Println(resilience.NewLimiter(100, 0).Err())
	// Output:
	// <nil>
	// resilience: NewLimiter: a burst of 0 calls, want a positive number
}

// A Limiter around one endpoint.
func ExampleLimiter_Wrap() {
	limiter := resilience.NewLimiter(0.1, 2)
	e := endpoint.Chain(upper, limiter.Wrap)
	for range 3 {
		s, err := e(context.Background(), "hi")
		if errors.Is(err, resilience.ErrRateLimited) {
			fmt.Println("again after", endpoint.ErrorOf(err).RetryAfter().Round(time.Second))
			continue
		}
		fmt.Println(s, err)
	}
	// Output:
	// hi! <nil>
	// hi! <nil>
	// again after 10s
}

// A bucket that other code uses, too: the calls and the job share the rate.
func ExampleLimiterOf() {
	bucket := rate.NewLimiter(rate.Every(time.Hour), 2)
	e := endpoint.Chain(upper, resilience.LimiterOf(bucket).Wrap)

	fmt.Println("the job runs:", bucket.Allow())
	fmt.Println(e(context.Background(), "hi"))
	fmt.Println(e(context.Background(), "hi"))
	// Output:
	// the job runs: true
	// hi! <nil>
	//  too many requests
}

// A limiter for each request is none: each has a full bucket. Make it once.
func ExampleNewLimiter_incorrect() {
	limited := func(ctx context.Context, s string) (string, error) {
		limiter := resilience.NewLimiter(1, 1)
		return endpoint.Chain(upper, limiter.Wrap)(ctx, s)
	}
	for range 3 {
		fmt.Println(limited(context.Background(), "hi"))
	}
	// Output:
	// hi! <nil>
	// hi! <nil>
	// hi! <nil>
}

// A client that paces itself.
func ExampleNewWaiter() {
	waiter := resilience.NewWaiter(50, 1, resilience.Queue(100, time.Second))
	var c counter
	err := httpx.Client(httpx.To("http://localhost:8080"), &c, httpx.Use(waiter))
	fmt.Println(err)
	// Output: <nil>
}

// A call whose token would come too late fails at once.
func ExampleWaiter_Wrap() {
	e := endpoint.Chain(upper, resilience.NewWaiter(50, 1).Wrap)
	start := time.Now()
	for range 3 {
		_, err := e(context.Background(), "hi")
		fmt.Println(err)
	}
	fmt.Println("two tokens took 40 ms:", time.Since(start) >= 39*time.Millisecond)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := e(ctx, "hi")
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// two tokens took 40 ms: true
	// too many requests
}

func ExampleWaiterOf() {
	bucket := rate.NewLimiter(rate.Inf, 0)
	e := endpoint.Chain(upper, resilience.WaiterOf(bucket).Wrap)
	fmt.Println(e(context.Background(), "hi"))
	// Output: hi! <nil>
}

// Each client has a rate of its own. The layer that authenticates tells who it
// is.
func ExampleNewPerClient() {
	authenticate := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		call := endpoint.CallFrom(ctx)
		call.SetPrincipal(call.Header().Get("Authorization")) // checked, in a real one
		return ctx, nil, nil
	})
	perClient := resilience.NewPerClient(10, 20)
	err := httpx.Mount(http.NewServeMux(), counting(nil), httpx.Use(authenticate, perClient))
	fmt.Println(err)
	// Output: <nil>
}

func ExamplePerClient_Wrap() {
	perClient := resilience.NewPerClient(0.1, 1, resilience.KeyBy(func(call *endpoint.Call) string {
		return call.Header().Get("Api-Key")
	}))
	e := endpoint.Chain(upper, perClient.Wrap)
	fmt.Println(e(context.Background(), "hi")) // no call, no key: one bucket for all of those
	fmt.Println(e(context.Background(), "hi"))
	// Output:
	// hi! <nil>
	//  too many requests
}

// The key is in the request.
func ExamplePerClient_By() {
	perClient := resilience.NewPerClient(0.1, 1)
	buy := func(_ context.Context, o order) (string, error) { return "sold to " + o.customer, nil }
	e := endpoint.Chain(buy, perClient.By(func(o order) string { return o.customer }).Wrap)
	for _, customer := range []string{"ada", "ada", "bob"} {
		fmt.Println(e(context.Background(), order{customer}))
	}
	// Output:
	// sold to ada <nil>
	//  too many requests
	// sold to bob <nil>
}

// A header that clients write as they like is no key: who changes it gets a new
// bucket each time.
func ExampleKeyBy_incorrect() {
	perClient := resilience.NewPerClient(0.1, 1, resilience.KeyBy(func(call *endpoint.Call) string {
		return call.Header().Get("X-Forwarded-For")
	}))
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, counting(nil), httpx.Use(perClient)); err != nil {
		fmt.Println(err)
	}
	for i := range 3 {
		fmt.Println(statusOf(mux, "X-Forwarded-For", fmt.Sprint("192.0.2.", i)))
	}
	// Output:
	// 200
	// 200
	// 200
}

// A limit that several processes share. The store here is a map.
func ExampleNewQuota() {
	var store resilience.Throttle = newTable(2)
	one := endpoint.Chain(upper, resilience.NewQuota(store).Wrap)
	two := endpoint.Chain(upper, resilience.NewQuota(store, resilience.FailClosed()).Wrap)
	fmt.Println(one(context.Background(), "hi"))
	fmt.Println(two(context.Background(), "hi"))
	fmt.Println(two(context.Background(), "hi"))
	// Output:
	// hi! <nil>
	// hi! <nil>
	//  too many requests
}

// Each client has its own limit in the store.
func ExampleQuota_Wrap() {
	quota := resilience.NewQuota(newTable(2), resilience.KeyBy(resilience.ClientKey), resilience.AskWithin(50*time.Millisecond))
	e := endpoint.Chain(upper, quota.Wrap)
	fmt.Println(e(context.Background(), "hi"))
	// Output: hi! <nil>
}
