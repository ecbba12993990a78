package figures_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// TestRecentIsBounded has more failures than are kept. Those of callers push out none of
// the server's.
func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		after(t, s, getOp, 2*time.Second, nil)
		after(t, s, getOp, 0, errFailed)
		for range 20 {
			time.Sleep(time.Second)
			for range 30 {
				after(t, s, getOp, time.Millisecond, errMissing)
			}
		}
		last := s.Recent()[0].At
		kinds, seconds := map[figures.Kind]int{}, map[int]int{}
		for i, c := range s.Recent() {
			kinds[c.Kind]++
			if c.Kind == figures.CallerFault {
				seconds[c.At.Second()]++
			}
			if i > 0 {
				require.False(t, s.Recent()[i-1].At.Before(c.At), "the latest come first")
			}
		}
		require.Equal(t, map[figures.Kind]int{figures.Slow: 1, figures.ServerFault: 1, figures.CallerFault: 50}, kinds)
		require.Len(t, seconds, 5)
		for second, calls := range seconds {
			require.Equal(t, 10, calls, "second %d", second)
		}
		require.Less(t, time.Since(last), time.Second)
	})
}

func TestKindString(t *testing.T) {
	t.Parallel()
	require.Equal(t, "server fault", figures.ServerFault.String())
	require.Equal(t, "caller fault", figures.CallerFault.String())
	require.Equal(t, "slow", figures.Slow.String())
}
