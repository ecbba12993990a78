package observe

import "time"

// tally is what an objective counts, since the process started.
type tally struct {
	total, bad     uint64 // calls, and those that were the server's fault
	measured, slow uint64 // calls that succeeded, and those that took too long
}

func (t tally) minus(o tally) tally {
	return tally{t.total - o.total, t.bad - o.bad, t.measured - o.measured, t.slow - o.slow}
}

// history keeps the tallies at the last multiples of step. What was counted in
// a window is the difference of two of them, so that a call adds to the newest
// tally only, and to no bucket. The caller locks.
type history struct {
	step  time.Duration
	marks []tally // of the multiple n at n % len
	last  int64   // the newest multiple that is marked; 0, the start, is all zero
}

// newHistory returns one for windows up to longest.
func newHistory(step, longest time.Duration) history {
	return history{step: step, marks: make([]tally, longest/step+2)}
}

// advance marks the multiples up to now, an age of the process, with t, which
// nothing was added to since they passed.
func (h *history) advance(now time.Duration, t tally) {
	n, size := int64(now/h.step), int64(len(h.marks))
	for at := max(h.last+1, n-size+1); at <= n; at++ {
		h.marks[at%size] = t
	}
	h.last = max(h.last, n)
}

// before returns the tally at the multiple that is at or before now-window.
func (h *history) before(now, window time.Duration) tally {
	if now <= window {
		return tally{}
	}
	return h.marks[int64((now-window)/h.step)%int64(len(h.marks))]
}
