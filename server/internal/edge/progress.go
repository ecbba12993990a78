package edge

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// past is a deadline that has passed.
func past() time.Time { return time.Unix(1, 0) }

// progress is a handler that ends the requests whose clients neither send nor read.
type progress struct {
	next  http.Handler
	limit time.Duration
}

func (h *progress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control, ok := w.(deadlines)
	if !ok {
		h.next.ServeHTTP(w, r) // of a test without a connection
		return
	}
	x := &exchange{ResponseWriter: w, control: control, place: placeFrom(r.Context()), http1: r.ProtoMajor == 1}
	x.reading = wait{x: x, limit: h.limit}
	x.writing = wait{x: x, limit: h.limit}
	if r.Body != nil && r.Body != http.NoBody {
		x.body = &body{ReadCloser: r.Body, x: x, invites: x.http1 && r.Header.Get("Expect") != ""}
		r.Body = x.body
	}
	x.place.work()
	defer x.finish()
	if x.http1 {
		h.next.ServeHTTP(http1Writer{x}, r)
	} else {
		h.next.ServeHTTP(http2Writer{x}, r)
	}
}

// deadlines are what every writer of net/http has.
type deadlines interface {
	FlushError() error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// An exchange is one request and the writer of its answer. See decision 180.
type exchange struct {
	http.ResponseWriter // of net/http
	control             deadlines
	place               *place // of the connection; may be nil
	http1               bool
	body                *body // nil if there is none
	reading, writing    wait
	buffered            int          // bytes that net/http took without sending them
	waits               atomic.Int32 // directions that wait for the client

	mu   sync.Mutex // guards over, and is held while the request is ended
	over bool       // the handler has returned, or has taken over the connection
}

// pause and resume are called around a wait of one direction for the client.
func (x *exchange) pause() {
	if x.waits.Add(1) == 1 {
		x.place.wait()
	}
}

func (x *exchange) resume() {
	if x.waits.Add(-1) == 0 {
		x.place.work()
	}
}

// cutRead makes the reads of the body fail, unless the handler has returned.
func (x *exchange) cutRead() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		_ = x.control.SetReadDeadline(past())
	}
}

// cutWrite makes writes fail. Over HTTP/1 a write may wait for the rest of the body,
// which net/http reads before it sends the header.
func (x *exchange) cutWrite() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		_ = x.control.SetWriteDeadline(past())
		_ = x.control.SetReadDeadline(past())
	}
}

// finish gives net/http the time for progress to send what it holds, and to receive the
// rest of a body that was not read.
func (x *exchange) finish() {
	x.place.wait()
	x.mu.Lock()
	over := x.over
	x.over = true
	x.mu.Unlock()
	if over || x.writing.late.Load() {
		return
	}
	written := time.Now().Add(x.writing.limit)
	if x.http1 && x.body != nil && !x.body.ended.Load() && !x.reading.late.Load() && x.reading.unbounded() {
		received := time.Now().Add(x.reading.limit)
		_ = x.control.SetReadDeadline(received)
		written = received.Add(x.writing.limit) // net/http receives the rest first
	}
	if x.writing.unbounded() {
		_ = x.control.SetWriteDeadline(written)
	}
}
