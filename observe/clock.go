package observe

import (
	"sync/atomic"
	"time"
)

// clock tells the time as time.Now does, which reads two clocks and takes twice
// as long: it reads the monotonic one and adds what passed since it last read
// both. A change of the wall clock is seen within a second.
type clock struct{ base atomic.Pointer[time.Time] }

func (c *clock) now() time.Time {
	if base := c.base.Load(); base != nil {
		// Another second, or another clock: that of a test.
		if d := time.Since(*base); d >= 0 && d < time.Second {
			return base.Add(d)
		}
	}
	now := time.Now()
	c.base.Store(&now)
	return now
}
