package resilience

import "time"

// A window counts the outcomes of recent calls. It is guarded by its owner.
type window interface {
	// add counts a call that ended now and returns what is in the window then.
	// idle says that a success would change nothing, until the next failure.
	add(now time.Duration, hasFailed bool) (t tally, idle bool)
}

// tally is how many calls there were, and how many of them failed.
type tally struct{ calls, failures int }

// inARow is a window of the latest calls that all failed.
type inARow struct{ n int }

func (w *inARow) add(_ time.Duration, hasFailed bool) (tally, bool) {
	if w.n++; !hasFailed {
		w.n = 0
	}
	return tally{w.n, w.n}, w.n == 0
}

// lastCalls is a window of the latest calls, at most as many as it has places.
type lastCalls struct {
	failed []bool // a ring
	next   int    // the place of the next call
	tally
}

func newLastCalls(n int) *lastCalls { return &lastCalls{failed: make([]bool, n)} }

func (w *lastCalls) add(_ time.Duration, hasFailed bool) (tally, bool) {
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
	return w.tally, w.failures == 0 && w.calls == len(w.failed)
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

// partOf returns the number of the part that a moment is in.
func (w *recent) partOf(now time.Duration) int64 { return int64(now / w.part) }

func (w *recent) add(now time.Duration, hasFailed bool) (tally, bool) {
	w.advance(now)
	part := &w.parts[w.at%windowParts]
	part.calls++
	w.calls++
	if hasFailed {
		part.failures++
		w.failures++
	}
	return w.tally, false
}

// addSuccesses counts n of them in a part, which may have left the window.
func (w *recent) addSuccesses(n int, at int64) {
	w.advance(time.Duration(at) * w.part)
	if w.at-at < windowParts {
		w.parts[at%windowParts].calls += n
		w.calls += n
	}
}

// recentFailures is a window of time where nobody asks how many calls there
// were.
type recentFailures struct{ recent }

func (w *recentFailures) add(now time.Duration, hasFailed bool) (tally, bool) {
	t, _ := w.recent.add(now, hasFailed)
	return t, true
}

// advance forgets what is too old.
func (w *recent) advance(now time.Duration) {
	at := w.partOf(now)
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
