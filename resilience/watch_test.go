package resilience

import (
	"testing"
	"testing/synctest"
	"time"
)

// A timer that fires while an item comes has lost.
func TestWatchLateTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t.Context(), nil, bound{time.Second, ErrTimeout}, bound{time.Minute, ErrTimeout})
		defer w.end()
		time.Sleep(time.Second - 1)
		w.item()
		if w.expire(); w.ctx.Err() != nil {
			t.Error("the timer of the first item ends a stream that has one")
		}
		time.Sleep(time.Minute)
		if synctest.Wait(); w.ctx.Err() == nil {
			t.Error("the stream goes on after its time")
		}
	})
}
