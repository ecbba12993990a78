package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// upload makes one exchange whose request is a stream and whose response is not.
func (c *client) upload(ctx context.Context, conn *Conn, items *shell.Producer, resp any) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	up := newUpload(c, items)
	defer up.close()
	return c.whole(ctx, conn, outgoing{items: up}, resp)
}

// receive makes the call of a response stream: one exchange, and another one after
// each interruption where the route resumes.
func (c *client) receive(ctx context.Context, req any, items *shell.Producer, out *shell.Receiver) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &streamIn{c: c, out: out}
	for {
		start := time.Now()
		s.got, s.asked = false, 0
		err := s.attempt(ctx, req, items)
		s.plan.connected(time.Since(start), s.got)
		if out.Stopped() || err == nil || !s.resumes(err) {
			out.End(err)
			return
		}
		wait, ok := s.plan.next(max(s.asked, s.events.retry, endpoint.ErrorOf(err).RetryAfter()))
		if !ok {
			out.End(err)
			return
		}
		if !pause(ctx, wait) {
			out.End(c.sent(overWhile(ctx, err)))
			return
		}
	}
}

// overWhile returns the error of a call that ended while it waited to go on after
// err.
func overWhile(ctx context.Context, err error) *endpoint.Error {
	e := shell.ContextError(ctx)
	return e.WithCause(fmt.Errorf("%w, before the stream went on after: %s", errors.Unwrap(e), err.Error()))
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// streamIn is one range over a response stream.
type streamIn struct {
	c      *client
	out    *shell.Receiver
	plan   resumption
	events eventReader
	got    bool          // an item came over the last connection
	asked  time.Duration // to wait, by the error over the last connection

	item   reflect.Value // where each item is read into
	reader *itemReader
}

// resumes reports whether the stream goes on after err. It does not before the
// server has said after which id: up to the first item, a Retry repeats the call.
func (s *streamIn) resumes(err error) bool {
	return s.c.rt.opts.resume && s.events.lastID != nil && endpoint.CodeOf(err) == endpoint.Unavailable
}

// attempt makes one exchange and delivers its items.
func (s *streamIn) attempt(ctx context.Context, req any, items *shell.Producer) error {
	return shell.AttemptStream(ctx, s.c.target, s.out, func(conn *Conn) error {
		out := outgoing{req: req, lastID: s.events.lastID}
		if items != nil {
			out.items = newUpload(s.c, items)
			defer out.items.close()
		}
		answer, call, err := s.c.exchange(ctx, conn, out)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }() // ends the call on the server, if it goes on
		media, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
		if strings.TrimSpace(media) != eventStream {
			return s.c.sent(shell.Failure(endpoint.Internal, "the response is not an event stream: its type is %.64q", media))
		}
		return s.read(ctx, conn, call, answer, out.items)
	})
}

// read delivers the items of an answer. It returns nil after the event that ends
// the stream, and an error for every other end.
func (s *streamIn) read(ctx context.Context, conn *Conn, call *endpoint.CallWriter, answer *http.Response, items *upload) error {
	s.events.connect(answer.Body, conn.limit)
	place := reflect.New(s.c.rt.types.resp)
	s.item, s.reader = place.Elem(), newItemReader(s.c.rt.outItem, place.Interface())
	for {
		e, err := s.events.next()
		switch {
		case errors.Is(err, errEventTooLarge):
			return s.c.sent(shell.Failure(endpoint.ResourceExhausted, "an item is larger than %d bytes", conn.limit))
		case errors.Is(err, io.EOF):
			return s.c.sent(shell.Failure(endpoint.Unavailable, "the stream broke off"))
		case err != nil:
			return s.c.failed(ctx, items, err)
		}
		call.AddBytes(0, int64(len(e.data)))
		switch e.name {
		case endEvent:
			return nil
		case errorEvent:
			s.asked = e.retry
			return s.c.sent(errorInEvent(e.data))
		case "", "message":
			if err := s.deliver(e); err != nil {
				return err
			}
		}
	}
}

// errorInEvent is the typed error in an event.
func errorInEvent(data []byte) *endpoint.Error {
	p, ok := readProblem(data, false)
	status := p.Status // without one it is a foreign error
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	return p.toError(status, http.Header{"Content-Type": {problemType}}, data, ok)
}

func (s *streamIn) deliver(e event) error {
	s.item.SetZero() // nothing of an item is in the next one
	if err := s.reader.read(e); err != nil {
		return s.c.sent(shell.Failure(endpoint.Internal, "an item cannot be read: %w", shell.Unreadable(err)))
	}
	s.got = true
	return s.out.Item(s.reader.v)
}
