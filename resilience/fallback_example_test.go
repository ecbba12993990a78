package resilience_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func ExampleFallback() {
	stale := func(_ context.Context, name string, err error) (string, error) {
		if endpoint.CodeOf(err) != endpoint.Unavailable {
			return "", err // nothing that an old answer could help
		}
		return name + ", as it was yesterday", nil
	}
	down := func(context.Context, string) (string, error) {
		return "", endpoint.Errorf(endpoint.Unavailable, "down")
	}
	e := endpoint.Chain(down, resilience.Fallback(stale).Wrap)
	fmt.Println(e(context.Background(), "weather"))
	// Output: weather, as it was yesterday <nil>
}

func ExampleFallbacker_Wrap() {
	none := resilience.Fallback(func(context.Context, string, error) (endpoint.Stream[int], error) {
		return endpoint.StreamOf(1, 2), nil
	})
	down := func(context.Context, string) (endpoint.Stream[int], error) {
		return nil, endpoint.Errorf(endpoint.Unavailable, "down")
	}
	ticks, _ := endpoint.Chain(down, none.Wrap)(context.Background(), "ticks")
	fmt.Println(ticks.Collect())
	// Output: [1 2] <nil>
}
