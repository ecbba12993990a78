package resilience_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// A job that can wait says so; every service that it calls hears it.
func ExampleWithPriority() {
	ctx := resilience.WithPriority(context.Background(), resilience.Sheddable)
	called, _, _ := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
	fmt.Println(resilience.PriorityFrom(ctx))
	fmt.Println(endpoint.CallFrom(called).Header().Get(resilience.PriorityHeader))
	// Output:
	// SHEDDABLE
	// -2
}

func ExamplePriorityFrom() {
	fmt.Println(resilience.PriorityFrom(context.Background()))
	// Output: CRITICAL
}
