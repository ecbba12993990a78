package observe

import (
	"sync/atomic"
	"time"
)

// clock tells the time as time.Now does, which reads two clocks and takes twice
// as long: it reads the monotonic one and keeps the latest reading of both, from
// at most a second ago. A change of the wall clock is seen within that second.
type clock struct{ base atomic.Pointer[time.Time] }

// A moment is a time so and so long after another. Few ask for the sum.
type moment struct {
	base  *time.Time
	after time.Duration
}

func (c *clock) now() moment {
	if base := c.base.Load(); base != nil {
		// Another second, or another clock: that of a test.
		if d := time.Since(*base); d >= 0 && d < time.Second {
			return moment{base, d}
		}
	}
	now := time.Now()
	c.base.Store(&now)
	return moment{base: &now}
}

func (m moment) time() time.Time {
	if m.base == nil {
		return time.Time{}
	}
	return m.base.Add(m.after)
}

func (m moment) elapsed() time.Duration { return time.Since(*m.base) - m.after }
