package resilience_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
)

// The order of the arguments does not matter: the stack has its own.
func ExampleClientStack() {
	stack := resilience.ClientStack(
		resilience.NewTimeout(2*time.Second),  // each attempt
		resilience.NewTimeout(10*time.Second), // the whole call
		resilience.NewHedge(100*time.Millisecond),
	)
	for _, l := range stack {
		fmt.Printf("%T\n", l)
	}
	// Output:
	// *resilience.Timeout
	// *resilience.Retry
	// *resilience.Hedge
	// *resilience.Breaker
	// *resilience.Timeout
}

func ExampleServerStack() {
	stack := resilience.ServerStack(
		resilience.NewTimeout(5*time.Second),
		resilience.NewBulkhead(100),
		resilience.NewPerClient(50, 10),
	)
	for _, l := range stack {
		fmt.Printf("%T\n", l)
	}
	// Output:
	// *resilience.PerClient
	// *resilience.Shed
	// *resilience.Bulkhead
	// *resilience.Timeout
}

// snippet: roles

// clientLayers returns the stack of a client that leaves retries to its callers.
func clientLayers(log *slog.Logger, credentials endpoint.Layer) endpoint.Stack {
	return resilience.ClientStack(
		observe.NewLogger(log), // has the role telemetry
		resilience.At(resilience.RoleAuth, credentials),
		resilience.Without(resilience.RoleRetry),
	)
}

// end snippet

// A layer that knows nothing of stacks is placed by At; Without leaves a default
// out.
func ExampleAt() {
	credentials := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		endpoint.CallFrom(ctx).Header().Set("Authorization", "Bearer secret")
		return ctx, nil, nil
	})
	for _, l := range clientLayers(slog.Default(), credentials) {
		fmt.Printf("%T\n", l)
	}
	// Output:
	// *observe.Logger
	// *resilience.Breaker
	// *endpoint.only
	// endpoint.LayerFunc
}

// A server whose proxy bounds the load needs no Shed.
func ExampleWithout() {
	stack := resilience.ServerStack(
		resilience.NewBulkhead(100),
		resilience.Without(resilience.RoleShed),
	)
	for _, l := range stack {
		fmt.Printf("%T\n", l)
	}
	// Output:
	// *resilience.Bulkhead
	// *endpoint.only
}
