package httpx

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/streams"
)

// callServerStream returns the endpoint of a route whose response is a stream.
func callServerStream[Req, T any](rt *route, c *client) endpoint.Endpoint[Req, endpoint.Stream[T]] {
	attempt := rt.stack.Wrap(func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		return func(yield func(T, error) bool) {
			in := &streamIn[T]{c: c, yield: yield}
			in.run(ctx, func(ctx context.Context, conn *Conn, call *endpoint.Call) (*http.Request, error) {
				return c.request(ctx, conn, call, &req)
			})
		}, nil
	})
	return coldCall(rt, attempt)
}

// callClientStream returns the endpoint of a route whose request is a stream.
func callClientStream[T, Resp any](rt *route, c *client) endpoint.Endpoint[endpoint.Stream[T], Resp] {
	attempt := rt.stack.Wrap(func(ctx context.Context, req endpoint.Stream[T]) (Resp, error) {
		resp := new(Resp)
		if err := upload(ctx, c, req, resp); err != nil {
			return *new(Resp), err
		}
		return *resp, nil
	})
	return func(ctx context.Context, req endpoint.Stream[T]) (Resp, error) {
		req = streams.Whole(ctx, req)
		ctx, _, err := endpoint.StartCall(ctx, rt.op, endpoint.ClientSide, endpoint.Header{}, endpoint.Header{})
		if err != nil {
			return *new(Resp), err
		}
		return attempt(ctx, req)
	}
}

// callBidi returns the endpoint of a route with streams on both sides.
func callBidi[In, Out any](rt *route, c *client) endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]] {
	attempt := rt.stack.Wrap(func(ctx context.Context, req endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return func(yield func(Out, error) bool) {
			out := newStreamOut(c, req)
			in := &streamIn[Out]{c: c, yield: yield, sending: out.failed}
			defer out.stop()
			in.run(ctx, func(ctx context.Context, conn *Conn, call *endpoint.Call) (*http.Request, error) {
				return out.request(ctx, conn, call)
			})
		}, nil
	})
	call := coldCall(rt, attempt)
	return func(ctx context.Context, req endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return call(ctx, streams.Whole(ctx, req))
	}
}

// coldCall starts the Call when the stream is ranged over, and ends it with the
// loop.
func coldCall[Req, T any](rt *route, attempt endpoint.Endpoint[Req, endpoint.Stream[T]]) endpoint.Endpoint[Req, endpoint.Stream[T]] {
	return func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		return func(yield func(T, error) bool) {
			ctx, _, err := endpoint.StartCall(ctx, rt.op, endpoint.ClientSide, endpoint.Header{}, endpoint.Header{})
			var s endpoint.Stream[T]
			if err == nil {
				s, err = attempt(ctx, req)
			}
			if err != nil {
				yield(*new(T), err)
				return
			}
			s(yield)
		}, nil
	}
}

// streamIn is one range over a response stream.
type streamIn[T any] struct {
	c       *client
	yield   func(T, error) bool
	sending func() error // why the request stream ended, where there is one
	lastID  []byte       // to go on after, of a route that resumes
	got     bool         // an item came since the last connection
	stopped bool

	place  T // of the item that is read
	reader *itemReader
}

type requester func(ctx context.Context, conn *Conn, call *endpoint.Call) (*http.Request, error)

// run makes the exchange, and again after a break where the route resumes.
func (s *streamIn[T]) run(ctx context.Context, request requester) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wait := 100 * time.Millisecond
	for tries := 1; ; tries++ {
		s.got = false
		err := s.attempt(ctx, request)
		if s.got {
			tries, wait = 0, 100*time.Millisecond
		}
		if s.stopped || err == nil {
			return
		}
		if !s.resumes(err) || tries >= 10 {
			s.yield(*new(T), err)
			return
		}
		if !pause(ctx, wait) {
			s.yield(*new(T), s.c.sent(contextError(ctx)))
			return
		}
		wait = min(2*wait, 10*time.Second)
	}
}

func (s *streamIn[T]) resumes(err error) bool {
	return s.c.rt.opts.resume && len(s.lastID) > 0 && endpoint.CodeOf(err) == endpoint.Unavailable && !endpoint.ErrorOf(err).Remote()
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

// attempt makes one exchange and yields its items.
func (s *streamIn[T]) attempt(ctx context.Context, request requester) error {
	conn, token, err := s.c.target.Acquire(ctx)
	if err != nil {
		return err
	}
	outcome := error(endpoint.ErrStopped) // a break, or a panic of the loop's body
	defer func() { s.c.target.Release(token, outcome) }()
	answer, call, err := s.open(ctx, conn, request)
	if err == nil {
		defer answer.Body.Close() // ends the call on the server, if it goes on
		err = s.read(ctx, conn, call, answer)
	}
	if !s.stopped {
		outcome = err
	}
	return err
}

func (s *streamIn[T]) open(ctx context.Context, conn *Conn, request requester) (*http.Response, *endpoint.Call, error) {
	c := s.c
	call := endpoint.CallFrom(ctx)
	if err := errors.Join(call.AddHeaders(ctx), call.Header().Check()); err != nil {
		return nil, nil, endpoint.ErrorOf(err)
	}
	call.SetPeer(conn.base.Host)
	r, err := request(ctx, conn, call)
	if err != nil {
		return nil, nil, err
	}
	if len(s.lastID) > 0 {
		r.Header[lastEventID] = []string{string(s.lastID)}
	}
	answer, err := conn.do(r)
	if err != nil {
		return nil, nil, s.failed(ctx, err)
	}
	call.SetStatus(answer.StatusCode)
	call.SetReply(endpoint.HeaderView(answer.Header, endpoint.HTTPForm))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		defer answer.Body.Close()
		return nil, nil, c.refused(ctx, call, answer)
	}
	media, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(media) != eventStream {
		defer answer.Body.Close()
		return nil, nil, c.sent(endpoint.Errorf(endpoint.Internal, "the response is no event stream: %w", fmt.Errorf("its type is %.64q", media)))
	}
	return answer, call, nil
}

// failed is the error of an exchange that broke: that of the request stream, if
// it was the one that broke it.
func (s *streamIn[T]) failed(ctx context.Context, err error) error {
	if s.sending != nil {
		if own := s.sending(); own != nil {
			return own
		}
	}
	return s.c.failed(ctx, err)
}

// read yields the items of an answer. It returns nil after the event that ends
// the stream, and an error for every other end.
func (s *streamIn[T]) read(ctx context.Context, conn *Conn, call *endpoint.Call, answer *http.Response) error {
	events := newEventReader(answer.Body, conn.limit)
	s.reader = newItemReader(s.c.rt.outItem, &s.place)
	for {
		e, err := events.next()
		switch {
		case errors.Is(err, errEventTooLarge):
			return s.c.sent(endpoint.Errorf(endpoint.ResourceExhausted, "an item is larger than %d bytes", conn.limit))
		case errors.Is(err, io.EOF):
			return s.c.sent(endpoint.Errorf(endpoint.Unavailable, "the stream broke off"))
		case err != nil:
			return s.failed(ctx, err)
		}
		call.AddResponseBytes(int64(len(e.data)))
		switch e.name {
		case endEvent:
			return nil
		case errorEvent:
			return s.c.sent(errorInEvent(e.data))
		case "", "message":
			if err := s.item(e); err != nil {
				return err
			}
		}
	}
}

// errorInEvent is the typed error in an event.
func errorInEvent(data []byte) *endpoint.Error {
	var p Problem
	_ = json.Unmarshal(data, &p) // without a status it is a foreign error
	if p.Status < 400 || p.Status > 599 {
		p.Status = http.StatusInternalServerError
	}
	return errorOf(p.Status, http.Header{"Content-Type": {problemType}}, data)
}

func (s *streamIn[T]) item(e event) error {
	s.place = *new(T) // nothing of an item is in the next one
	if err := s.reader.read(e); err != nil {
		return s.c.sent(endpoint.Errorf(endpoint.Internal, "an item cannot be read: %w", err))
	}
	s.got = true
	if len(e.id) > 0 && s.c.rt.opts.resume {
		s.lastID = append(s.lastID[:0], e.id...)
	}
	if !s.yield(s.place, nil) {
		s.stopped = true
		return endpoint.ErrStopped
	}
	return nil
}

// streamOut sends a request stream: a goroutine ranges over it and writes lines
// into a pipe that is the request's body.
type streamOut struct {
	c       *client
	produce func(w *io.PipeWriter) error
	pipe    *io.PipeReader
	w       *io.PipeWriter
	forget  func() bool // the end of the call's context

	mu      sync.Mutex // guards the fields below
	begun   bool
	stopped bool
	err     error       // of the producer
	conn    net.Conn    // that the request goes over
	look    *time.Timer // at it
}

// newStreamOut returns the sender of items. It starts when the request's body is
// first read: a call that finds no server never ranges over the items, and may
// be repeated.
func newStreamOut[T any](c *client, items endpoint.Stream[T]) *streamOut {
	return &streamOut{c: c, produce: func(w *io.PipeWriter) error {
		if items == nil {
			return nil
		}
		place := new(T)
		writer := newItemWriter(c.rt.inItem, place)
		for v, err := range items {
			if err != nil {
				return err
			}
			*place = v
			line, err := writer.line()
			if err != nil {
				return endpoint.Errorf(endpoint.InvalidArgument, "cannot write an item: %w", err)
			}
			if _, err := w.Write(line); err != nil {
				return nil // the call has ended
			}
		}
		return nil
	}}
}

func (o *streamOut) request(ctx context.Context, conn *Conn, call *endpoint.Call) (*http.Request, error) {
	u, err := o.c.url(conn.base, reflect.Value{})
	if err != nil {
		return nil, err
	}
	h := http.Header(call.Header().Raw())
	if h == nil {
		h = make(http.Header, 4)
	}
	h["Accept"], h["Content-Type"] = []string{o.c.accept}, []string{lineStream}
	if deadline, ok := ctx.Deadline(); ok {
		h[timeoutHeader] = []string{remaining(deadline)}
	}
	o.pipe, o.w = io.Pipe()
	o.forget = context.AfterFunc(ctx, o.end) // also where the producer does not look at its own
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { o.watch(i.Conn) }})
	return (&http.Request{
		Method: o.c.rt.op.Method, URL: u, Host: u.Host, Header: h, Body: o, ContentLength: -1,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx), nil
}

// lookAfter is how long a connection may be gone before a request stream that
// waits for its producer hears of it.
const lookAfter = time.Second

// watch looks now and then whether the connection is still there. Over HTTP/1,
// net/http knows it and has closed it, but ends a call only when the read of its
// body has returned, and that waits for a producer that may have nothing to say.
func (o *streamOut) watch(conn net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn = conn // another one, when net/http tries again
	if o.look == nil && !o.stopped {
		o.look = time.AfterFunc(lookAfter, o.lookAtConn)
	}
}

func (o *streamOut) lookAtConn() {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.stopped:
	case isClosed(o.conn):
		_ = o.pipe.CloseWithError(errConnClosed)
	default:
		o.look.Reset(lookAfter)
	}
}

// isClosed asks by an operation that changes nothing: net/http sets no deadline
// for writes that would outlast one. Some connections have none to set.
func isClosed(conn net.Conn) bool {
	err := conn.SetWriteDeadline(time.Time{})
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// Read is for the transport, whose request has o as its body.
func (o *streamOut) Read(p []byte) (int, error) {
	o.begin()
	return o.pipe.Read(p)
}

// Close is for the transport.
func (o *streamOut) Close() error { return o.pipe.Close() }

func (o *streamOut) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.begun {
		o.begun = true
		go o.run(o.w)
	}
}

func (o *streamOut) isStopped() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stopped
}

func (o *streamOut) run(w *io.PipeWriter) {
	if o.isStopped() {
		return
	}
	finished := false
	defer func() {
		if !finished {
			o.set(endpoint.NewPanicError(recover()))
			_ = w.CloseWithError(errProducer)
		}
	}()
	err := o.produce(w)
	finished = true
	if err != nil {
		o.set(err)
		_ = w.CloseWithError(errProducer)
		return
	}
	_ = w.Close()
}

var (
	errProducer   = errors.New("the request stream failed")
	errConnClosed = errors.New("the connection of the request stream is closed")
)

func (o *streamOut) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// failed returns the error of the producer. A panic of it goes on, on the
// goroutine that called.
func (o *streamOut) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.err.(*endpoint.PanicError); ok && p.Value != nil { //nolint:errorlint // it is ours, not wrapped
		panic(p.Value)
	}
	return o.err
}

// stop ends the request stream with the call.
func (o *streamOut) stop() {
	if o.forget != nil {
		o.forget()
	}
	o.end()
}

// end has the next write of the producer fail, and one that has not begun never
// will.
func (o *streamOut) end() {
	o.mu.Lock()
	o.begun, o.stopped = true, true
	if o.look != nil {
		o.look.Stop()
	}
	o.mu.Unlock()
	if o.pipe != nil {
		_ = o.pipe.CloseWithError(errProducer)
	}
}

// upload makes one exchange whose request is a stream.
func upload[T any](ctx context.Context, c *client, items endpoint.Stream[T], resp any) (err error) {
	conn, token, err := c.target.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { c.target.Release(token, err) }()
	call := endpoint.CallFrom(ctx)
	if err := errors.Join(call.AddHeaders(ctx), call.Header().Check()); err != nil {
		return endpoint.ErrorOf(err)
	}
	call.SetPeer(conn.base.Host)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := newStreamOut(c, items)
	defer out.stop()
	r, err := out.request(ctx, conn, call)
	if err != nil {
		return err
	}
	answer, err := conn.do(r)
	if err != nil {
		if own := out.failed(); own != nil {
			return own
		}
		return c.failed(ctx, err)
	}
	defer answer.Body.Close()
	call.SetStatus(answer.StatusCode)
	call.SetReply(endpoint.HeaderView(answer.Header, endpoint.HTTPForm))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return c.refused(ctx, call, answer)
	}
	return c.answered(ctx, conn, call, answer, resp)
}
