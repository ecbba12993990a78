package discover_test

import (
	"context"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// count makes 30 calls, one after the other, and counts where they go.
func count(pool *discover.Pool[string]) map[string]int {
	calls := map[string]int{}
	for range 30 {
		conn, token, err := pool.Acquire(context.Background())
		if err != nil {
			fmt.Println(err)
			break
		}
		pool.Release(token, nil)
		calls[conn]++
	}
	return calls
}

// run returns a pool that follows the source and what ends it.
func run(s discover.Source, opts ...discover.Option) (*discover.Pool[string], func()) {
	pool := discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil }, opts...)
	ended := make(chan error)
	go func() { ended <- pool.Run(context.Background(), s) }()
	return pool, func() { _ = pool.Close(); <-ended }
}

// A balancer of one's own is a func of the set.
func ExampleBalance() {
	first := func([]*discover.Member) discover.Picker { return always(0) }
	pool := discover.Of([]string{"a", "b", "c"}, discover.Balance(discover.BalancerFunc(first)))
	fmt.Println(count(pool))

	fmt.Println(count(discover.Of([]string{"a", "b", "c"}, discover.Balance(discover.RoundRobin()))))
	// Output:
	// map[a:30]
	// map[a:10 b:10 c:10]
}

type always int

func (a always) Pick(context.Context) int { return int(a) }

// The instances of the lowest priority get all calls while one of them is
// healthy.
func ExampleFixed() {
	pool, end := run(discover.Fixed(
		discover.Instance{Addr: "main:80"},
		discover.Instance{Addr: "spare:80", Priority: 1},
	), discover.Dials(1)) // one after the other, in this order
	defer end()
	fmt.Println(count(pool))
	// Output: map[main:80:30]
}

// An instance that fails time after time gets no calls for a while.
func ExampleEject() {
	events := make(chan string, 1)
	pool := discover.Of([]string{"good", "bad"},
		discover.Eject(3, time.Minute),
		discover.Balance(discover.RoundRobin()),
		discover.OnEvent(func(_ context.Context, e endpoint.Event) { events <- e.Kind + " instance " + e.Detail }))
	for range 6 {
		conn, token, _ := pool.Acquire(context.Background())
		var err error
		if conn == "bad" {
			err = endpoint.Errorf(endpoint.Unavailable, "it is down")
		}
		pool.Release(token, err)
	}
	fmt.Println(<-events)
	fmt.Println(count(pool))
	// Output:
	// ejected instance 1
	// map[good:30]
}

// Gauges are read when somebody asks for them.
func ExamplePool_Gauges() {
	pool := discover.Of([]string{"a", "b"}, discover.Named("shop"))
	for g := range pool.Gauges {
		if g.Metric == "instances" || g.Metric == "serving" || g.Metric == "ejected" {
			fmt.Println(g.Source, g.Name, g.Metric, g.Value)
		}
	}
	// Output:
	// pool shop instances 2
	// pool shop serving 2
	// pool shop ejected 0
}

// What is wrong with the options is told by Err, and by each client.
func ExamplePool_Err() {
	pool := discover.Of([]string{"a"}, discover.Grace(-1), discover.Wait(-1), discover.SlowStart(-1), discover.Dials(0))
	fmt.Println(pool.Err())
	// Output:
	// discover: option Grace: -1ns is negative
	// discover: option Wait: -1ns is negative
	// discover: option SlowStart: -1ns is negative
	// discover: option Dials: 0 is not positive
}
