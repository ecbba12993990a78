package httpx

import (
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
// See decision 17.
func (x *exchange) readBody(c coding) (err error) {
	limit := x.rt.opts.maxBody
	if x.r.ContentLength > limit {
		return x.tooLarge()
	}
	if d := x.rt.opts.bodyTimeout; d > 0 {
		if conn := deadliner(x.w); conn != nil && conn.SetReadDeadline(time.Now().Add(d)) == nil {
			// net/http watches the connection once the body has ended, and would
			// take a deadline that passes for a client that left. After a failure
			// the deadline stays: without one, net/http would wait for the rest of
			// the body for as long as the client likes.
			defer func() {
				if err == nil {
					_ = conn.SetReadDeadline(time.Time{})
				}
			}()
		}
	}
	size := x.r.ContentLength
	if c == gzipCoding {
		return x.readGzip(limit)
	}
	return x.fill(x.r.Body, size, limit)
}

// deadliner is the part of a connection that a response writer gives access to,
// as http.ResponseController finds it, which allocates where there is none.
func deadliner(w http.ResponseWriter) interface{ SetReadDeadline(time.Time) error } {
	for {
		switch t := w.(type) {
		case interface{ SetReadDeadline(time.Time) error }:
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
		return x.tooLarge()
	case err != nil:
		return x.unread(err)
	}
	x.call.AddBytes(int64(len(x.body)), 0)
	return nil
}

var errTooMuch = errors.New("too much")

// freeBuffer is how large a buffer may be that takes nothing from a ReadBudget.
const freeBuffer = 4 << 10

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
			want := min(4*int64(cap(buf)), limit+1)
			if size >= 0 {
				want = min(want, size+1)
			}
			want = max(want, int64(len(buf))+1)
			if !room.Take(want - int64(cap(buf))) {
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

func (x *exchange) readGzip(limit int64) error {
	// As compressed, it may not be larger than as it is.
	body := io.LimitReader(x.r.Body, limit+1)
	z, _ := gzipReaders.Get().(*gzip.Reader)
	var err error
	if z == nil {
		z, err = gzip.NewReader(body)
	} else {
		err = z.Reset(body)
	}
	if err != nil {
		return x.unread(err)
	}
	defer func() {
		_ = z.Reset(http.NoBody) // forget the request; there is no gzip in no body
		gzipReaders.Put(z)
	}()
	return x.fill(z, -1, limit)
}

// closing asks net/http to close the connection: what is left of the body would
// have to be read before another request could come over it.
func (x *exchange) closing() { x.w.Header().Set("Connection", "close") }

func (x *exchange) tooLarge() error {
	x.closing()
	return ErrBodyTooLarge.WithMeta("limit", strconv.FormatInt(x.rt.opts.maxBody, 10))
}

// unsupported adds to a 415 what would have been accepted (RFC 9110 §15.5.16).
func (x *exchange) unsupported(err error) error {
	x.reply().Set("Accept", strings.Join(x.rt.reads, ", "))
	x.reply().Set("Accept-Encoding", "gzip, identity")
	return err
}

// unread is the error of a body that broke off.
func (x *exchange) unread(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		x.closing()
		return ErrBodyTimeout.WithCause(err)
	}
	if x.r.Context().Err() != nil {
		return shell.ContextError(x.r.Context())
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok { // of a middleware of the user's
		return x.tooLarge()
	}
	return ErrInvalidRequest.WithViolations(endpoint.Violation{Detail: "the body could not be read"}).WithCause(err)
}

// reply returns the headers of the answer that handlers and layers set.
func (x *exchange) reply() *endpoint.Header { return (*endpoint.Call)(x.call).Reply() }
