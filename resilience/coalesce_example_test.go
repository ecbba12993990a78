package resilience_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func ExampleCoalesce() {
	var all sync.WaitGroup
	all.Add(2) // callers who have joined the first
	joined := resilience.OnEvent(func(context.Context, endpoint.Event) { all.Done() })
	calls := 0
	load := func(_ context.Context, id int) (string, error) {
		all.Wait()
		calls++
		return fmt.Sprint("profile ", id), nil
	}
	e := endpoint.Chain(load, resilience.Coalesce(func(id int) int { return id }, joined).Wrap)
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			if profile, err := e(context.Background(), 7); err == nil {
				fmt.Println(profile)
			}
		})
	}
	callers.Wait()
	fmt.Println(calls, "call")
	// Output:
	// profile 7
	// profile 7
	// profile 7
	// 1 call
}

// A stream can be read once, so nobody can share it.
func ExampleCoalescer_Wrap() {
	ticks := func(context.Context, int) (endpoint.Stream[int], error) { return endpoint.StreamOf(1, 2), nil }
	e := endpoint.Chain(ticks, resilience.Coalesce(func(n int) int { return n }).Wrap)
	_, err := e(context.Background(), 7)
	fmt.Println(err)
	// Output: resilience: Coalesce: the response, a endpoint.Stream[int], can be had by one caller only
}

type user struct{}

// What the answer depends on must be in the key. Who asks is in the context
// here, and so the second caller is shown what belongs to the first.
func ExampleCoalesce_incorrect() {
	var second sync.WaitGroup
	second.Add(1) // who joins the first
	joined := resilience.OnEvent(func(context.Context, endpoint.Event) { second.Done() })
	inbox := func(ctx context.Context, folder string) (string, error) {
		second.Wait()
		return fmt.Sprint(folder, " of ", ctx.Value(user{})), nil
	}
	e := endpoint.Chain(inbox, resilience.Coalesce(func(folder string) string { return folder }, joined).Wrap)
	var callers sync.WaitGroup
	var got [2]string
	for i, name := range []string{"alice", "bob"} {
		callers.Go(func() { got[i], _ = e(context.WithValue(context.Background(), user{}, name), "inbox") })
	}
	callers.Wait()
	fmt.Println("both get the same:", got[0] == got[1])
	// Output: both get the same: true
}
