package discover_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestZeroMembers: whoever tests a balancer around one of this package may make the
// members.
func TestZeroMembers(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		for _, n := range []int{1, 2, 300} {
			set := make([]*discover.Member, n)
			for i := range set {
				set[i] = &discover.Member{}
			}
			picker := balancer().NewPicker(set)
			seen := map[int]bool{}
			for range 100 * n {
				i := picker.Pick(t.Context())
				seen[i] = true
				if o, ok := picker.(discover.Observer); ok {
					o.Done(set[i], time.Millisecond, nil)
				}
			}
			require.Len(t, seen, n, "%s of %d", name, n)
			for i := range seen {
				require.True(t, 0 <= i && i < n, "%s of %d picks %d", name, n, i)
			}
		}
	}
}
