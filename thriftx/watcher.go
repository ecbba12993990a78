package thriftx

import (
	"sync"
	"time"
)

// watchDelay is how long a watcher waits before it looks at the connection. Most calls are
// shorter, and then their watch costs no goroutine and no deadline.
const watchDelay = 5 * time.Millisecond

// A watcher notices that the peer of a link closes the connection, or that it breaks, while
// nothing is to be read. It is for one watch at a time.
type watcher struct {
	link  *link
	most  time.Duration // after which the peer counts as gone; 0 for no bound
	gone  func()
	timer *time.Timer   // made by the first start
	ended chan struct{} // gets a value when look returns

	mu       sync.Mutex // guards the field below, and the deadline
	stopping bool
}

// start begins a watch after a delay. It calls gone from another goroutine.
func (w *watcher) start(delay time.Duration, gone func()) {
	w.gone, w.stopping = gone, false
	if w.timer != nil {
		w.timer.Reset(delay)
		return
	}
	w.ended = make(chan struct{}, 1)
	w.timer = time.AfterFunc(delay, w.look)
}

// stop ends the watch, and returns when it has ended. It reports whether the watch had begun:
// the connection then has no read deadline.
func (w *watcher) stop() bool {
	if w.timer.Stop() {
		return false
	}
	w.mu.Lock()
	w.stopping = true
	_ = w.link.conn.SetReadDeadline(past)
	w.mu.Unlock()
	<-w.ended
	_ = w.link.conn.SetReadDeadline(time.Time{})
	return true
}

func (w *watcher) look() {
	defer func() { w.ended <- struct{}{} }()
	if !w.begin() {
		return
	}
	if err := w.link.wait(); err != nil && !w.isStopping() {
		w.gone()
	}
}

// begin sets the deadline of the watch, unless it is to end.
func (w *watcher) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopping {
		return false
	}
	deadline := time.Time{}
	if w.most > 0 {
		deadline = time.Now().Add(w.most)
	}
	_ = w.link.conn.SetReadDeadline(deadline)
	return true
}

func (w *watcher) isStopping() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopping
}
