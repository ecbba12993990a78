package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// upload is the body of a request that is a stream: a producer writes its lines
// into a pipe. It starts when the body is first read, so a call that finds no
// server never ranges over the items, and may be repeated.
type upload struct {
	*shell.Producer

	c      *client
	call   *endpoint.CallWriter
	begun  bool // Read was called
	pipe   *io.PipeReader
	w      *io.PipeWriter
	forget func() bool // the end of the call's context

	mu    sync.Mutex // guards the fields below
	ended bool
	conn  net.Conn    // that the request goes over
	look  *time.Timer // at it
}

func newUpload(c *client, items *shell.Producer) *upload {
	u := &upload{Producer: items, c: c}
	u.pipe, u.w = io.Pipe()
	return u
}

// open prepares u for a request under ctx and returns the context of the request.
func (u *upload) open(ctx context.Context, call *endpoint.CallWriter) context.Context {
	u.call = call
	u.forget = context.AfterFunc(ctx, u.end) // also where the producer does not look at its own
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { u.watch(i.Conn) }})
}

// lookAfter is how long a connection may be gone before a request stream that
// waits for its producer hears of it.
const lookAfter = time.Second

// watch looks now and then whether the connection is still there. Over HTTP/1,
// net/http knows it and has closed it, but ends a call only when the read of its
// body has returned, and that waits for a producer that may have nothing to say.
func (u *upload) watch(conn net.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conn = conn // another one, when net/http tries again
	if u.look == nil && !u.ended {
		u.look = time.AfterFunc(lookAfter, u.lookAtConn)
	}
}

// See decision 25.
func (u *upload) lookAtConn() {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.ended:
	case isClosed(u.conn):
		_ = u.pipe.CloseWithError(errConnClosed)
	default:
		u.look.Reset(lookAfter)
	}
}

// isClosed asks by an operation that changes nothing: net/http sets no deadline
// for writes that would outlast one. Some connections have none to set.
func isClosed(conn net.Conn) bool {
	err := conn.SetWriteDeadline(time.Time{})
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// Read is for the transport, whose request has u as its body.
func (u *upload) Read(p []byte) (int, error) {
	if !u.begun {
		u.begun = true
		u.start()
	}
	return u.pipe.Read(p)
}

// Close is for the transport.
func (u *upload) Close() error { return u.pipe.Close() }

func (u *upload) start() {
	var writer *itemWriter
	u.Start(func(item any) error {
		if writer == nil {
			writer = newItemWriter(u.c.rt.inItem, item)
		}
		line, err := writer.line()
		if err != nil {
			return shell.Failure(endpoint.InvalidArgument, "cannot write an item: %w", err)
		}
		if _, err := u.w.Write(line); err != nil {
			return shell.ErrEnded
		}
		u.call.AddBytes(int64(len(line)-1), 0) // without the end of the line
		return nil
	}, func(err error) {
		if err != nil {
			err = errProducer
		}
		_ = u.w.CloseWithError(err)
	})
}

var (
	errProducer   = errors.New("the request stream failed")
	errConnClosed = errors.New("the connection of the request stream is closed")
)

// close ends the request stream with the exchange.
func (u *upload) close() {
	if u.forget != nil {
		u.forget()
	}
	u.end()
}

// end makes the next write of the producer fail, and keeps one that has not
// started from starting.
func (u *upload) end() {
	u.Stop()
	u.mu.Lock()
	u.ended = true
	if u.look != nil {
		u.look.Stop()
	}
	u.mu.Unlock()
	_ = u.pipe.CloseWithError(errProducer)
}
