package netrpcx

import (
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
)

// A header is that of a request or of a response. It has the fields of rpc.Request and
// rpc.Response.
type header struct {
	ServiceMethod string
	Seq           uint64
	Error         string // of a response

	id jsontext.Value // of a request in JSON, where it may be any value
}

// A wire reads and writes the messages of one connection, on one end. Its reader and its
// writer may be used at the same time; each of them is for one goroutine.
type wire interface {
	// readHeader waits for a message and reads its header.
	readHeader(h *header) error
	// readBody reads the body of that message into the value that into points to, and returns
	// its size. A nil into skips it. After a *bodyError the next message can be read.
	readBody(into any, f codec.Format, limit int64) (size int64, err error)
	// encode returns the body of a message. Bodies may be sent in any order, or not at all.
	encode(v any, f codec.Format) ([]byte, error)
	// append appends a message with a body of encode, nil for that of an error.
	append(dst []byte, h *header, body []byte) ([]byte, error)
}

// A bodyError is the error of a body that was skipped.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// The bounds of what a peer sends beside bodies.
const (
	maxHeader = 80 << 10 // bytes of a header, which may have an error
	maxTypes  = 1 << 20  // bytes of descriptions of types on one connection
	maxSkip   = 16 << 20 // bytes of a body that are skipped beyond its limit
)

// Faults of a connection.
var (
	errHeader = errors.New("the header is too large")
	errTypes  = errors.New("the descriptions of types are too large")
	errBroken = errors.New("the message is not one of the protocol")
)

// A source is the reading end of a connection. It bounds the time and the memory of a message.
type source struct {
	conn    net.Conn
	budget  *service.Budget // of a server; may be nil
	share   service.Share
	idle    time.Duration // until the first byte; 0 for no bound
	message time.Duration // from there to the last byte; 0 for no bound
	busy    func() bool   // reports whether the connection is in use; nil for never
	begun   bool
	first   time.Time // when the first byte came
	bounded bool      // the deadline is that of the message
	waiting time.Time // when the wait began for which the deadline was set

	mu      sync.Mutex // guards the fields below, and the deadline
	stopped bool
	used    time.Time // when the last call ended
}

// begin prepares for the next message.
func (s *source) begin() error {
	s.share.Release()
	s.share, s.begun = s.budget.Share(), false
	if !s.bounded && isRecent(s.waiting, s.idle) {
		return nil
	}
	return s.wait()
}

// isRecent reports whether a deadline that was set at t for a time of d may stay: it costs a
// call more to set one for each message than to end the wait a little early. See decision 197.
func isRecent(t time.Time, d time.Duration) bool {
	return time.Since(t) < min(d/8, time.Second)
}

// wait sets the deadline for the first byte of a message.
func (s *source) wait() error {
	s.bounded, s.waiting = false, time.Now()
	return s.within(s.waiting, s.idle)
}

// within makes a read wait until d after start. 0 sets nothing.
func (s *source) within(start time.Time, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d <= 0 || s.stopped {
		return nil
	}
	return s.conn.SetReadDeadline(start.Add(d))
}

// stop ends a read that waits, and all later ones.
func (s *source) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))
}

// touch begins the idle time anew: a call has ended.
func (s *source) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = time.Now()
}

// left returns how much longer a read may wait for a first byte that has not come within
// the idle time.
func (s *source) left() time.Duration {
	if s.busy != nil && s.busy() {
		return s.idle
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle - time.Since(s.used)
}

func (s *source) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// Read reads from the connection. The time of a message begins with its first byte. Most
// messages come whole, and need no deadline of their own.
func (s *source) Read(p []byte) (int, error) {
	if s.begun && !s.bounded {
		s.bounded = true
		if err := s.within(s.first, s.message); err != nil {
			return 0, err
		}
	}
	for {
		n, err := s.conn.Read(p)
		switch {
		case n > 0 && !s.begun:
			s.begun, s.first = true, time.Now()
		case n == 0 && !s.begun && errors.Is(err, os.ErrDeadlineExceeded) && !s.isStopped():
			if left := s.left(); left > 0 && s.within(time.Now(), left) == nil {
				continue
			}
		}
		return n, err
	}
}

// take reads n bytes of r and appends them to dst, as they come. ok is false if the budget
// has no room for them; they are skipped then.
func (s *source) take(dst []byte, r io.Reader, n int64) (_ []byte, ok bool, err error) {
	const step = 32 << 10
	for n > 0 {
		part := min(n, step)
		if !s.share.Take(part) {
			_, err := io.CopyN(io.Discard, r, n)
			return dst, false, err
		}
		start := len(dst)
		dst = append(dst, make([]byte, part)...)
		if _, err := io.ReadFull(r, dst[start:]); err != nil {
			return dst, false, fmt.Errorf("%w", err)
		}
		n -= part
	}
	return dst, true, nil
}

// reusable returns the memory of a message that is no longer needed, empty. Large memory is
// not kept.
func reusable(message []byte) []byte {
	const most = 64 << 10
	if cap(message) > most {
		return nil
	}
	return message[:0]
}

// isEnd reports whether err is the end of a connection.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
