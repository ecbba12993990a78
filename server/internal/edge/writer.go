package edge

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

// freeBytes is how much of an answer net/http keeps before it sends anything, over each
// protocol. So much needs no timer.
const freeBytes = 2 << 10

// free reports whether net/http takes n more bytes without sending any.
func (x *exchange) free(n int) bool {
	if n > freeBytes-x.buffered {
		x.buffered = freeBytes
		return false
	}
	x.buffered += n
	return true
}

// Write writes p in pieces, each of which has its time.
func (x *exchange) Write(p []byte) (int, error) {
	if x.free(len(p)) {
		return x.ResponseWriter.Write(p)
	}
	return inPieces(x, p, x.ResponseWriter.Write)
}

// WriteString is Write without a copy of s.
func (x *exchange) WriteString(s string) (int, error) {
	write := func(s string) (int, error) { return io.WriteString(x.ResponseWriter, s) }
	if x.free(len(s)) {
		return write(s)
	}
	return inPieces(x, s, write)
}

func inPieces[T []byte | string](x *exchange, p T, write func(T) (int, error)) (n int, err error) {
	for {
		part := p[n:min(len(p), n+piece)]
		x.writing.begin(x.cutWrite)
		m, err := write(part)
		err = x.writing.end(m, err)
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// WriteHeader sends an informational header at once, and keeps any other.
func (x *exchange) WriteHeader(status int) {
	if status >= http.StatusOK {
		x.ResponseWriter.WriteHeader(status)
		return
	}
	x.writing.begin(x.cutWrite)
	x.ResponseWriter.WriteHeader(status)
	_ = x.writing.end(0, nil)
}

// Flush sends what net/http holds.
func (x *exchange) Flush() { _ = x.FlushError() }

// FlushError is Flush with its error.
func (x *exchange) FlushError() error {
	x.buffered = freeBytes
	x.writing.begin(x.cutWrite)
	err := x.control.FlushError()
	return x.writing.end(0, err)
}

// SetReadDeadline replaces the time for progress of the body by t. It implements
// [http.ResponseController].
func (x *exchange) SetReadDeadline(t time.Time) error {
	x.reading.setDeadline(t)
	return x.control.SetReadDeadline(t)
}

// SetWriteDeadline replaces the time for progress of the answer by t. It implements
// [http.ResponseController].
func (x *exchange) SetWriteDeadline(t time.Time) error {
	x.writing.setDeadline(t)
	return x.control.SetWriteDeadline(t)
}

// Unwrap gives access to the other methods of net/http's writer.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// An http1Writer has what a writer of HTTP/1 has.
type http1Writer struct{ *exchange }

// Hijack hands the connection to the handler, which bounds it from then on.
func (w http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h, ok := w.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	c, buf, err := h.Hijack()
	if err == nil {
		w.place.untrack()
		w.mu.Lock()
		w.over = true
		w.mu.Unlock()
	}
	return c, buf, err
}

// ReadFrom sends a file in pieces without a copy, where the system can. From any other
// source it copies: the time that the source takes is not the client's.
func (w http1Writer) ReadFrom(src io.Reader) (int64, error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	limited, isLimited := src.(*io.LimitedReader)
	if !isLimited {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	if !ok || !isFile(limited.R) {
		return io.Copy(onlyWriter{w.exchange}, src)
	}
	w.buffered = freeBytes
	return w.readFile(to, limited)
}

// readFile sends src in pieces.
func (w http1Writer) readFile(to io.ReaderFrom, src *io.LimitedReader) (n int64, err error) {
	for src.N > 0 {
		part := &io.LimitedReader{R: src.R, N: min(src.N, piece)}
		w.writing.begin(w.cutWrite)
		m, err := to.ReadFrom(part)
		err = w.writing.end(int(m), err)
		n += m
		src.N -= m
		if err != nil || part.N > 0 {
			return n, err
		}
	}
	return n, nil
}

// isFile reports whether r is a file that can be read without waiting for anyone. It
// asks for methods, because io.Copy passes on a type of package os that has those of a
// *os.File but WriteTo.
func isFile(r io.Reader) bool {
	f, ok := r.(interface {
		syscall.Conn
		Stat() (fs.FileInfo, error)
	})
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// onlyWriter hides all methods of an exchange but Write.
type onlyWriter struct{ w *exchange }

func (o onlyWriter) Write(p []byte) (int, error) { return o.w.Write(p) }

// An http2Writer has what a writer of HTTP/2 has.
type http2Writer struct{ *exchange }

// Push implements [http.Pusher].
func (w http2Writer) Push(target string, opts *http.PushOptions) error {
	p, ok := w.ResponseWriter.(http.Pusher)
	if !ok {
		return errors.ErrUnsupported
	}
	return p.Push(target, opts)
}
