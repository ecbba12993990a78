//go:build !race

package discover_test

import (
	"testing"

	"github.com/typedkit/endpoint/discover"
)

func TestPickAllocatesNothing(t *testing.T) {
	for name, b := range balancers() {
		pool := discover.Of(make([]int, 100), discover.Balance(b()))
		ctx := t.Context()
		if n := testing.AllocsPerRun(1000, func() {
			_, token, _ := pool.Acquire(ctx)
			pool.Release(token, nil)
		}); n != 0 {
			t.Errorf("%s: a pick allocates %v times", name, n)
		}
	}
}
