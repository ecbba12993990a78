package discover_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// A pool of a plain slice of endpoints, picked one after the other.
func Example() {
	answer := func(name string) endpoint.Endpoint[string, string] {
		return func(_ context.Context, greeting string) (string, error) { return greeting + " from " + name, nil }
	}
	replicas := []endpoint.Endpoint[string, string]{answer("a"), answer("b"), answer("c")}

	e := discover.Balanced(discover.Of(replicas, discover.Balance(discover.RoundRobin())))

	var answers []string
	for range 3 {
		s, err := e(context.Background(), "hello")
		if err != nil {
			fmt.Println(err)
		}
		answers = append(answers, s)
	}
	slices.Sort(answers)
	fmt.Println(answers)
	// Output: [hello from a hello from b hello from c]
}

// A pool dials what its source names, and is the target of any client.
func ExampleNew() {
	dial := func(_ context.Context, addr string) (string, error) { return "connection to " + addr, nil }
	pool := discover.New(dial)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- pool.Run(ctx, discover.Static("10.0.0.1:80")) }()

	conn, token, err := pool.Acquire(ctx) // what a client does for each attempt
	fmt.Println(conn, err)
	pool.Release(token, nil)

	stop()
	fmt.Println(<-ended)
	_, _, err = pool.Acquire(context.Background())
	fmt.Println(err)
	// Output:
	// connection to 10.0.0.1:80 <nil>
	// <nil>
	// temporarily unavailable: discover: the pool is closed
}

// A Source yields complete sets, in the order of their addresses.
func ExampleSorted() {
	for _, in := range discover.Sorted([]discover.Instance{{Addr: "b:80"}, {Addr: "a:80"}, {Addr: "b:80"}}) {
		fmt.Println(in.Addr)
	}
	// Output:
	// a:80
	// b:80
}
