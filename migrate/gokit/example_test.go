package gokit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-kit/kit/circuitbreaker"
	"github.com/sony/gobreaker"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/resilience"
)

// An endpoint of go-kit in a typed field.
func ExampleSet() {
	kitSum := func(_ context.Context, request any) (any, error) {
		r := request.(sumRequest)
		return sumReply{r.A + r.B}, nil
	}
	var svc adder
	gokit.Set(&svc.Sum, kitSum)
	fmt.Println(svc.Sum(context.Background(), sumRequest{1, 2}))
	// Output: {3} <nil>
}

// A wrong type is an error that names both types.
func ExampleSet_incorrect() {
	kitSum := func(context.Context, any) (any, error) { return "3", nil }
	var svc adder
	gokit.Set(&svc.Sum, kitSum)
	_, err := svc.Sum(context.Background(), sumRequest{1, 2})
	fmt.Println(err)
	// Output: internal error: gokit: the response is string, want gokit_test.sumReply
}

// A middleware of go-kit in a chain of ours.
func ExampleFrom() {
	breaker := gobreaker.NewCircuitBreaker(gobreaker.Settings{})
	var svc adder
	svc.Sum = endpoint.Chain(sum, gokit.From(circuitbreaker.Gobreaker(breaker)).Wrap)
	fmt.Println(svc.Sum(context.Background(), sumRequest{1, 2}))
	// Output: {3} <nil>
}

// A typed endpoint for go-kit, with layers around it.
func ExampleLayers() {
	svc := adder{Sum: sum}
	guarded := gokit.Layers(resilience.NewBreaker(5), resilience.NewLimiter(100, 10))(gokit.ToKit(svc.Sum))
	fmt.Println(guarded(context.Background(), sumRequest{1, 2}))
	// Output: {3} <nil>
}

// The retry of go-kit over replicas of ours.
func ExampleRetry() {
	down := func(context.Context, sumRequest) (sumReply, error) { return sumReply{}, errors.New("down") }
	replicas := []endpoint.Endpoint[sumRequest, sumReply]{down, sum}
	e := endpoint.Chain(discover.Balanced(discover.Of(replicas)), gokit.Retry(3, time.Second).Wrap)
	fmt.Println(e(context.Background(), sumRequest{1, 2}))
	// Output: {3} <nil>
}
