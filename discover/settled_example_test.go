package discover_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A registry restarts without its data: it knows one of two instances at first.
func ExampleSettled() {
	restarts := discover.SourceFunc(func(context.Context) iter.Seq2[[]discover.Instance, error] {
		return func(yield func([]discover.Instance, error) bool) {
			_ = yield(discover.Sorted([]discover.Instance{{Addr: "a:80"}, {Addr: "b:80"}}), nil) &&
				yield(nil, errors.New("connection refused")) &&
				yield([]discover.Instance{{Addr: "b:80"}}, nil)
		}
	})
	for set, err := range discover.Settled(restarts, 5*time.Second).Watch(context.Background()) {
		fmt.Println(len(set), "instances,", err)
	}
	// Output:
	// 2 instances, <nil>
	// 0 instances, connection refused
	// 2 instances, <nil>
}
