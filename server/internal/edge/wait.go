package edge

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// piece is how many bytes must pass within the time for progress.
const piece = 64 << 10

// A wait bounds how long one direction of an exchange waits for the client: its
// operations may take limit in all, for each piece. It uses a timer and not a deadline,
// because a deadline stays in force between two operations, where nothing waits for the
// client: over HTTP/2 it would end the stream.
type wait struct {
	x     *exchange
	limit time.Duration

	deadline atomic.Pointer[time.Time] // that the handler set, instead of limit; nil if it set none
	late     atomic.Bool               // the time is up

	// The fields below belong to the goroutine of the operation.
	timer   *time.Timer
	running bool          // the timer was set for this operation
	expired chan struct{} // holds a value once the timer has ended the operation
	start   time.Time
	spent   time.Duration // for so many bytes
	bytes   int
}

// setDeadline records that the handler set a deadline of its own, which replaces the limit.
// It may run during an operation.
func (w *wait) setDeadline(t time.Time) { w.deadline.Store(&t) }

// unbounded reports whether no deadline of the handler is in force.
func (w *wait) unbounded() bool {
	t := w.deadline.Load()
	return t == nil || t.IsZero()
}

// begin starts the time of an operation, which cut makes fail.
func (w *wait) begin(cut func()) {
	w.start = time.Now()
	w.x.pause()
	if w.deadline.Load() != nil {
		return
	}
	left := w.limit - w.spent
	w.running = true
	if w.timer != nil {
		w.timer.Reset(left)
		return
	}
	w.expired = make(chan struct{}, 1)
	w.timer = time.AfterFunc(left, func() {
		if w.deadline.Load() == nil {
			w.late.Store(true)
			cut()
		}
		w.expired <- struct{}{}
	})
}

// end stops the time of an operation that passed n bytes on. It returns err, or the
// error of a client that was too slow.
func (w *wait) end(n int, err error) error {
	w.x.resume()
	w.spent += time.Since(w.start)
	if w.bytes += n; w.bytes >= piece {
		w.bytes, w.spent = 0, 0
	}
	if w.running && !w.timer.Stop() {
		<-w.expired
	}
	w.running = false
	if w.late.Load() {
		return fmt.Errorf("the client was too slow: %d of %d bytes in %v: %w", w.bytes, piece, w.limit, os.ErrDeadlineExceeded)
	}
	return err
}
