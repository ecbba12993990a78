package endpoint_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// A Stack is put together once and goes around endpoints of any types.
func ExampleStack_Wrap() {
	var log endpointtest.Recorder
	stack := endpoint.Stack{log.Layer("logger"), log.Layer("limiter")}

	upper := stack.Wrap(func(_ context.Context, s string) (string, error) { return "HI", nil })
	count := stack.Wrap(func(_ context.Context, s string) (int, error) { return 0, errors.New("no idea") })

	fmt.Println(upper(context.Background(), "hi"))
	fmt.Println(count(context.Background(), "hi"))
	for _, line := range log.Lines() {
		fmt.Println(line)
	}
	// Output:
	// HI <nil>
	// 0 no idea
	// enter logger
	// enter limiter
	// exit limiter
	// exit logger
	// enter logger
	// enter limiter
	// exit limiter: no idea
	// exit logger: no idea
}

// A layer as a function: what it does before the call, and what after.
func ExampleLayerFunc() {
	errClosed := endpoint.Define(endpoint.Unavailable, "shop.example", "CLOSED", "we are closed")
	open := true
	hours := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		if !open {
			return nil, nil, errClosed // refuses the call
		}
		return ctx, func(err error) error {
			fmt.Println("the call ended with", err)
			return err
		}, nil
	})
	buy := hours.Wrap(func(_ context.Context, item string) (string, error) { return "a " + item, nil })

	fmt.Println(buy(context.Background(), "book"))
	open = false
	fmt.Println(buy(context.Background(), "book"))
	// Output:
	// the call ended with <nil>
	// a book <nil>
	//  we are closed
}

// Some layers are not for every operation: this one is for those that change
// something.
func ExampleOnly() {
	var log endpointtest.Recorder
	writes := func(op *endpoint.Operation) bool { return !op.Idempotent }
	stack := endpoint.Stack{log.Layer("logger"), endpoint.Only(log.Layer("audit"), writes)}

	// A transport does this for each operation of a service.
	for _, op := range []*endpoint.Operation{
		{Name: "Get", Side: endpoint.ServerSide, Idempotent: true},
		{Name: "Create", Side: endpoint.ServerSide},
	} {
		bound, err := stack.Bind(op)
		if err != nil {
			fmt.Println(err)
			return
		}
		e := bound.Wrap(func(context.Context, string) (string, error) { return "", nil })
		_, _ = e(context.Background(), "")
		fmt.Println(op.Name, log.Reset())
	}
	// Output:
	// Get [enter logger exit logger]
	// Create [enter logger enter audit exit audit exit logger]
}
