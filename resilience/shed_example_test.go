package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func search(context.Context, string) (string, error) { return "found", nil }

// The Shed that a server begins its stack with: httpx.Use(shed, …).
func ExampleNewShed() {
	shed := resilience.NewShed(resilience.MaxPriority(resilience.Critical))
	stack := endpoint.Stack{shed}
	out, err := stack.Wrap(search)(context.Background(), "go")
	fmt.Println(out, err)
	// Output: found <nil>
}

// A call that comes too late costs nothing.
func ExampleShed_Wrap() {
	shed := resilience.NewShed()
	e := endpoint.Chain(search, shed.Wrap)
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := e(ctx, "go")
	fmt.Println(errors.Is(err, resilience.ErrTooLate), err)
	// Output: true too little time left
}
