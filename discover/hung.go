package discover

import (
	"sync/atomic"
	"time"
)

// A hung instance whose callers cancel neither answers nor fails. Calls that are cut off
// after more than a multiple of the usual time count as slow, and a row of them, without an
// answer in between, ejects the instance. See decision 159.

// timingPeriod is how long calls are timed after one was cut off.
const timingPeriod = 5 * time.Minute

// A stopwatch makes an operation time its calls for a while. The pickers of most balancers
// do not need the time, and reading the clock would take longer than they do.
type stopwatch struct{ until atomic.Int64 }

func (w *stopwatch) isRunning() bool { return w.until.Load() != 0 }

// start restarts the period.
func (w *stopwatch) start(now int64) {
	if until := now + int64(timingPeriod); until-w.until.Load() > int64(timingPeriod/8) {
		w.until.Store(until)
	}
}

// stop stops the watch if its period is over.
func (w *stopwatch) stop(now int64) {
	if until := w.until.Load(); until != 0 && until < now {
		w.until.CompareAndSwap(until, 0)
	}
}

// watch takes the outcome of a call that was timed.
func (st *seating) watch(c *core, s *spread, h *host, o outcome, start, now int64) {
	switch o {
	case answered:
		if s.timed == nil { // else the picker does
			st.usual.note(now, float64(now-start))
		}
	case cutOff:
		st.stopwatch.start(now)
		if st.usual.isSlow(now - start) {
			c.tooSlow(h, now)
		}
	}
	st.stopwatch.stop(now)
}

// tooSlow counts a call that was cut off after a long time. As many in a row as failures eject
// the instance, if the row has lasted for a fair time: a short pause is not a hang.
func (c *core) tooSlow(h *host, now int64) {
	limit := c.config.outlier.failures
	if limit == 0 {
		return
	}
	switch n := h.slow.Add(1); {
	case n == 1:
		h.slot.slowSince.Store(now)
	case n >= limit && now-h.slot.slowSince.Load() >= int64(c.config.fair):
		c.eject(h.slot)
	}
}
