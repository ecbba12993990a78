package httpx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// Errors of a body that the server does not read to its end.
var (
	// ErrBodyTooLarge is the error of a request whose body is larger than the
	// route takes, counted after decompression. Status 413.
	ErrBodyTooLarge = own(http.StatusRequestEntityTooLarge, endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the body is too large"))
	// ErrBodyTimeout is the error of a request whose body came too slowly.
	// Status 408.
	ErrBodyTimeout = own(http.StatusRequestTimeout, endpoint.Define(endpoint.DeadlineExceeded, "endpoint", "BODY_TIMEOUT", "the body came too slowly"))
)

// readBody reads all of the body into x.body, within the limits of the route.
// It sets x.rest to what became of the body. See decisions 17 and 125.
func (x *exchange) readBody(c coding) error {
	limit := x.rt.opts.maxBody
	if x.r.ContentLength > limit {
		return x.tooLarge(limit)
	}
	body := io.Reader(x.r.Body)
	var conn deadlines // with a read deadline of ours
	if d := bodyTime(x.r, x.rt.opts.bodyTimeout); d > 0 {
		if c := deadliner(x.w); c != nil && c.SetReadDeadline(time.Now().Add(d)) == nil {
			conn = c
		} else if serverOf(x.r) != nil {
			timed := startTimedBody(x.w, x.r, d)
			defer timed.stop()
			body, x.rest = timed, bodyPending
		}
	}
	// As compressed, it may not be larger than as it is.
	if err := x.fill(body, x.r.ContentLength, limit); err != nil {
		return err
	}
	x.rest = bodyEnded
	if conn != nil {
		// net/http watches the connection once the body has ended, and would
		// take a deadline that passes for a client that left.
		_ = conn.SetReadDeadline(time.Time{})
	}
	if c == gzipCoding {
		if err := x.inflate(limit); err != nil {
			return err
		}
	}
	x.call.AddBytes(int64(len(x.body)), 0)
	return nil
}

// serverOf returns the server that received r, or nil if it did not come from
// one of net/http.
func serverOf(r *http.Request) *http.Server {
	s, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	return s
}

// bodyTime returns how long the body of r may take, given the time-out of its
// route, or zero if there is nothing to set. A ReadTimeout that is not longer is
// already the deadline of the connection or stream, counted from an earlier
// time, and must not be moved.
func bodyTime(r *http.Request, timeout time.Duration) time.Duration {
	if s := serverOf(r); s != nil && s.ReadTimeout > 0 && s.ReadTimeout <= timeout {
		return 0
	}
	return timeout
}

// deadlines are the deadlines that a response writer gives access to.
type deadlines interface {
	SetReadDeadline(t time.Time) error
}

// deadliner finds the deadlines of w as http.ResponseController does, which
// allocates where there are none.
func deadliner(w http.ResponseWriter) deadlines {
	for {
		switch t := w.(type) {
		case deadlines:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// fill reads from body to its end. size is its length, or negative.
func (x *exchange) fill(body io.Reader, size, limit int64) error {
	room := x.rt.config.Reading.Share()
	defer room.Release()
	var err error
	x.body, err = readAll(x.body[:0], body, size, limit, &room)
	switch {
	case errors.Is(err, errNoRoom):
		return errNoRoom
	case errors.Is(err, errTooMuch):
		return x.tooLarge(limit)
	case err != nil:
		return x.unread(err)
	}
	return nil
}

var errTooMuch = errors.New("too much")

// freeBuffer is how large a buffer may be that takes nothing from a ReadBudget.
const freeBuffer = 4 << 10

// notFree returns how much of a buffer of n bytes is taken from a ReadBudget.
func notFree(n int64) int64 { return max(n-freeBuffer, 0) }

// readAll reads body into buf, up to its end. size is its length, or negative.
// Of a body of more than limit bytes it returns so many, with errTooMuch. The buffer
// grows as bytes come, whatever size says, and takes what it grows by from room; if
// there is none left, the error is errNoRoom.
func readAll(buf []byte, body io.Reader, size, limit int64, room *service.Share) ([]byte, error) {
	if size > limit {
		return buf, errTooMuch
	}
	// One byte more than is there, so that the last read finds the end.
	if want := min(max(size, 511)+1, freeBuffer); int64(cap(buf)) < want {
		buf = make([]byte, 0, want)
	}
	for {
		if len(buf) == cap(buf) {
			want := min(2*int64(cap(buf)), limit+1)
			if size >= 0 {
				want = min(want, size+1)
			}
			want = max(want, int64(len(buf))+1)
			if int64(len(buf)) < freeBuffer {
				want = min(want, freeBuffer) // a buffer of a pool may have any size
			}
			if !room.Take(notFree(want) - notFree(int64(cap(buf)))) {
				return buf, errNoRoom
			}
			buf = append(make([]byte, 0, want), buf...)
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf[:limit], errTooMuch
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

// buffers are what clients write requests and read responses with.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

// putBuffer takes back a buffer, which grew to b.
func putBuffer(buf *[]byte, b []byte) {
	if cap(b) <= keepBuffer {
		*buf = b
	}
	buffers.Put(buf)
}

var gzipReaders sync.Pool // of *gzip.Reader

// inflate decompresses x.body, of which all has come: a body that is still coming
// would be held as decompressed, of which a few bytes can be a great deal.
func (x *exchange) inflate(limit int64) error {
	x.out, x.body = x.body, x.out[:0]
	compressed := bytes.NewReader(x.out)
	z, _ := gzipReaders.Get().(*gzip.Reader)
	var err error
	if z == nil {
		z, err = gzip.NewReader(compressed)
	} else {
		err = z.Reset(compressed)
	}
	if err != nil {
		return x.unread(err)
	}
	defer func() {
		_ = z.Reset(http.NoBody) // forget the request; there is no gzip in no body
		gzipReaders.Put(z)
	}()
	switch x.body, err = readAll(x.body, z, -1, limit, nil); {
	case errors.Is(err, errTooMuch):
		return x.tooLarge(limit)
	case err != nil:
		return x.unread(err)
	}
	return nil
}

// tooLarge is the error of a body of more than limit bytes.
func (x *exchange) tooLarge(limit int64) error {
	return ErrBodyTooLarge.WithMeta("limit", strconv.FormatInt(limit, 10))
}

// unsupported adds to a 415 what would have been accepted (RFC 9110 §15.5.16).
func (x *exchange) unsupported(err error) error {
	x.reply().Set("Accept", strings.Join(x.rt.reads, ", "))
	x.reply().Set("Accept-Encoding", "gzip, identity")
	return err
}

// unread is the error of a body that broke off.
func (x *exchange) unread(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok { // of a middleware of the user's
		return x.tooLarge(tooLarge.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if x.rest == bodyUnread {
			x.rest = bodyBroken
		}
		x.renewWriteDeadline()
		return ErrBodyTimeout.WithCause(err)
	}
	if x.r.Context().Err() != nil {
		return shell.ContextError(x.r.Context())
	}
	return ErrInvalidRequest.WithViolations(endpoint.Violation{Detail: "the body could not be read"}).WithCause(err)
}

// renewWriteDeadline gives the answer the server's WriteTimeout from now on.
// net/http counts it from the end of the header, and a request that took longer
// would get no answer.
func (x *exchange) renewWriteDeadline() {
	if s := serverOf(x.r); s != nil && s.WriteTimeout > 0 {
		_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(s.WriteTimeout))
	}
}

// reply returns the headers of the answer that handlers and layers set.
func (x *exchange) reply() *endpoint.Header { return (*endpoint.Call)(x.call).Reply() }
