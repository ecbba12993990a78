package resilience_test

import (
	"fmt"
	"time"

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
	// *resilience.Shed
	// *resilience.PerClient
	// *resilience.Bulkhead
	// *resilience.Timeout
}
