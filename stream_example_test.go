package endpoint_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// A Stream is cold: the call begins with the loop, and a break ends it.
func ExampleStream() {
	countdown := func(_ context.Context, from int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			for n := from; n >= 0; n-- {
				if !yield(n, nil) {
					fmt.Println("stopped at", n)
					return
				}
			}
		}, nil
	}
	var log endpointtest.Recorder
	e := endpoint.Stack{log.Layer("logger")}.Wrap(countdown)

	s, err := e(context.Background(), 10)
	fmt.Println(err, log.Lines())
	for n, err := range s {
		fmt.Println(n, err)
		if n == 8 {
			break
		}
	}
	fmt.Println(log.Lines())
	// Output:
	// <nil> []
	// 10 <nil>
	// 9 <nil>
	// 8 <nil>
	// stopped at 8
	// [enter logger exit logger: the reader stopped: context canceled]
}

// A request can be a stream, too.
func ExampleStreamOf() {
	sum := func(_ context.Context, numbers endpoint.Stream[int]) (int, error) {
		total := 0
		for n, err := range numbers {
			if err != nil {
				return 0, err
			}
			total += n
		}
		return total, nil
	}
	e := endpoint.Chain(sum, endpoint.Recover)
	fmt.Println(e(context.Background(), endpoint.StreamOf(1, 2, 3)))
	// Output: 6 <nil>
}
