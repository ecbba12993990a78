package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"time"
)

// bodyRest is what is left of a request's body.
type bodyRest uint8

const (
	bodyUnread  bodyRest = iota
	bodyEnded            // it was read to its end
	bodyBroken           // it did not come in time
	bodyPending          // it did not, or is not wanted, and a timedBody still reads it
	bodyLeft             // the answer has prepared for it
)

const (
	// dropTime is how long an answer waits for the rest of a body that nobody
	// reads, so that a connection whose client sent all of it can be kept.
	dropTime = 10 * time.Millisecond
	// dropBytes is how many bytes of such a body are read: as many as net/http
	// reads after a handler.
	dropBytes = 256 << 10
)

// closeUnread prepares for the answer to a request whose body was not read to
// its end; it is called just before the header is written. Over HTTP/1, net/http
// would wait for the body, before the answer or after it, for as long as its
// read deadline allows. A body that has arrived is dropped; for any other, the
// answer goes out at once and the connection closes after it. Over HTTP/2 a
// stream ends without its connection, so there is nothing to do. See decision
// 124.
func closeUnread(w http.ResponseWriter, r *http.Request) {
	if !holdsConn(r) {
		return
	}
	if conn := deadliner(w); conn != nil && r.ContentLength <= dropBytes && len(r.Header["Expect"]) == 0 && dropBody(conn, r.Body) {
		return
	}
	w.Header().Set("Connection", "close")
	endBody(w, r)
}

// holdsConn reports whether the body of r, unread, would hold its connection.
func holdsConn(r *http.Request) bool {
	return r.ProtoMajor < 2 && r.ContentLength != 0 && r.Body != nil
}

// endBody makes net/http's reading of the rest of a body fail at once, after
// which it closes the connection: with a FIN, and half a second later for good.
// It is called once for a request, when its body is not read any more.
func endBody(w http.ResponseWriter, r *http.Request) {
	if !holdsConn(r) {
		return
	}
	if conn := deadliner(w); conn != nil {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	} else if serverOf(r) != nil {
		abandonBody(r.Body)
	}
}

// dropBody reads a body that has arrived and reports whether it found its end.
func dropBody(conn deadlines, body io.Reader) bool {
	start := time.Now()
	if conn.SetReadDeadline(start.Add(dropTime)) != nil {
		return false
	}
	_, err := io.CopyN(io.Discard, body, dropBytes+1)
	if !errors.Is(err, io.EOF) || time.Since(start) >= dropTime {
		return false
	}
	return conn.SetReadDeadline(time.Time{}) == nil
}

// abandonBody is for a connection whose deadlines cannot be set. It closes body,
// which reads the rest. If that does not come, the close is left pending: net/http
// ends a read that is pending when the handler has returned, but would wait for
// one that it starts itself.
func abandonBody(body io.Closer) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = body.Close()
	}()
	timer := time.NewTimer(dropTime)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
}

// timedBody reads a body for a connection whose deadlines cannot be set, on a
// goroutine that is left behind when the time is up. It ends when net/http does,
// after the handler: that ends a read that is still pending.
type timedBody struct {
	*io.PipeReader
	timer *time.Timer
}

// startTimedBody starts to read the body of r for at most d, after which reading
// fails with os.ErrDeadlineExceeded.
func startTimedBody(w http.ResponseWriter, r *http.Request, d time.Duration) *timedBody {
	out, in := io.Pipe()
	closed := make(chan struct{})
	keep := func() bool { return true }
	if conn := insideTimeoutHandler(w); conn != nil {
		keep = context.AfterFunc(r.Context(), func() { endReading(conn, closed) })
	}
	go func() {
		defer close(closed)
		buf := make([]byte, 16<<10)
		for {
			n, err := r.Body.Read(buf)
			switch {
			case errors.Is(err, io.EOF):
				keep() // the connection
			case err != nil:
				// A close reads the rest of the body. After a failure it comes at once,
				// while the deadline by which net/http ended the read is in force.
				_ = r.Body.Close()
			}
			if n > 0 {
				if _, gone := in.Write(buf[:n]); gone != nil && err == nil {
					_ = r.Body.Close()
					return
				}
			}
			if err != nil {
				_ = in.CloseWithError(err)
				return
			}
		}
	}()
	return &timedBody{out, time.AfterFunc(d, func() { _ = in.CloseWithError(os.ErrDeadlineExceeded) })}
}

// stop ends the timer, and the goroutine with its next read.
func (b *timedBody) stop() {
	b.timer.Stop()
	_ = b.Close()
}

// endReading fails the reads of a connection whose request was answered before its
// body had come, until the body is closed. net/http ends only a read that is pending
// when the handler returns, and then starts another. See decision 125.
func endReading(conn deadlines, closed <-chan struct{}) {
	wait := time.Millisecond
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		select {
		case <-closed:
			return
		case <-timer.C:
			wait *= 2
			timer.Reset(wait)
		}
	}
}

// insideTimeoutHandler returns the deadlines of the writer that an http.TimeoutHandler
// was given. Its own writer keeps that to itself. It returns nil for other writers.
func insideTimeoutHandler(w http.ResponseWriter) deadlines {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	v := reflect.ValueOf(w)
	if !v.IsValid() || v.Type().String() != "*http.timeoutWriter" {
		return nil
	}
	inner := v.Elem().FieldByName("w")
	if !inner.IsValid() || inner.Type() != reflect.TypeFor[http.ResponseWriter]() {
		return nil // in another version of Go
	}
	return deadliner(*reflect.NewAt(inner.Type(), inner.Addr().UnsafePointer()).Interface().(*http.ResponseWriter))
}
