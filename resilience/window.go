package resilience

import "time"

// A window counts the outcomes of recent calls. It is guarded by its owner.
type window interface {
	// add counts a call that ended now and returns what is in the window then.
	add(now time.Duration, hasFailed bool) tally
}

// tally is how many calls there were, and how many of them failed.
type tally struct{ calls, failures int }

// lastCalls is a window of the latest calls, at most as many as it has places.
type lastCalls struct {
	failed []bool // a ring
	next   int    // the place of the next call
	tally
}

func newLastCalls(n int) *lastCalls { return &lastCalls{failed: make([]bool, n)} }

func (w *lastCalls) add(_ time.Duration, hasFailed bool) tally {
	place := &w.failed[w.next]
	if w.next++; w.next == len(w.failed) {
		w.next = 0
	}
	if *place {
		w.failures--
	}
	if *place = hasFailed; hasFailed {
		w.failures++
	}
	w.calls = min(w.calls+1, len(w.failed))
	return w.tally
}

// windowParts is how many parts a window of time has: what is older than it
// leaves it one part at a time.
const windowParts = 10

// recent is a window of the latest span of time: between nine and ten tenths of
// it.
type recent struct {
	part  time.Duration      // a tenth of the span
	parts [windowParts]tally // a ring
	at    int64              // the number of the part that is counted into, since the epoch
	tally                    // of all parts
}

func newRecent(span time.Duration) *recent { return &recent{part: max(span/windowParts, 1)} }

func (w *recent) add(now time.Duration, hasFailed bool) tally {
	w.advance(now)
	part := &w.parts[w.at%windowParts]
	part.calls++
	w.calls++
	if hasFailed {
		part.failures++
		w.failures++
	}
	return w.tally
}

// advance forgets what is too old.
func (w *recent) advance(now time.Duration) {
	at := int64(now / w.part)
	if at-w.at >= windowParts {
		w.parts, w.tally, w.at = [windowParts]tally{}, tally{}, at
		return
	}
	for w.at < at {
		w.at++
		part := &w.parts[w.at%windowParts]
		w.calls -= part.calls
		w.failures -= part.failures
		*part = tally{}
	}
}
