package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// Errors of streams.
var (
	// ErrNeedsHTTP2 is the error of a call whose two sides are streams, over
	// HTTP/1. Status 505.
	ErrNeedsHTTP2 = own(http.StatusHTTPVersionNotSupported, endpoint.Define(endpoint.FailedPrecondition, "endpoint", "NEEDS_HTTP2", "this operation needs HTTP/2"))
	// ErrRangedTwice is the error of the second range over a request stream.
	ErrRangedTwice = shell.ErrRangedTwice
)

// line is one item of a request stream, as it came.
type line []byte

// exchangeKey is where the parts of a stream's route that know no exchange find
// it: the request of their endpoint is the stream.
type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// serverStream is the innermost part of a route whose response is a stream.
func (rt *route) serverStream(ctx context.Context, x *exchange) (endpoint.Stream[event], error) {
	if err := rt.run(ctx, x); err != nil {
		return nil, err
	}
	return x.events(ctx), nil
}

// clientStream is the innermost part of a route whose request is a stream.
func (rt *route) clientStream(ctx context.Context, lines endpoint.Stream[line]) (endpoint.Empty, error) {
	return endpoint.Empty{}, rt.runLines(ctx, exchangeFrom(ctx), lines)
}

// bidi is the innermost part of a route with streams on both sides.
func (rt *route) bidi(ctx context.Context, lines endpoint.Stream[line]) (endpoint.Stream[event], error) {
	x := exchangeFrom(ctx)
	if err := rt.runLines(ctx, x, lines); err != nil {
		return nil, err
	}
	return x.events(ctx), nil
}

// runLines is run for a request stream.
func (rt *route) runLines(ctx context.Context, x *exchange, lines endpoint.Stream[line]) error {
	if !rt.endpoint.IsNil() {
		if rt.op.Streams == endpoint.Bidi && x.r.ProtoMajor < 2 {
			return ErrNeedsHTTP2
		}
		if err := x.acceptLines(); err != nil {
			return err
		}
	}
	x.inner, x.lines = ctx, lines
	return rt.run(ctx, x)
}

// events returns the items of the response as events, encoded. ctx is the handler's.
func (x *exchange) events(ctx context.Context) endpoint.Stream[event] {
	return func(yield func(event, error) bool) {
		items := x.items
		if items == nil {
			items = func(func(any, error) bool) {}
		}
		var writer *itemWriter
		yielded := false
		for item, err := range items {
			var e event
			if err == nil && writer == nil {
				writer, err = newItemWriter(x.rt.outItem, item), x.sender.unable
			}
			if err == nil && !yielded {
				err = x.checkType()
			}
			yielded = true
			if err == nil {
				if e, err = writer.event(); err != nil {
					err = endpoint.Errorf(endpoint.Internal, "cannot write an item: %w", err)
				}
			}
			if err != nil {
				yield(event{}, shell.Cancelled(ctx, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		err := shell.Interrupted(ctx)
		if err == nil && !yielded {
			err = x.checkType()
		}
		if err != nil {
			yield(event{}, err)
		}
	}
}

// checkType returns an error if the handler or a layer set a Content-Type, before the
// header of a response stream is sent: clients know the stream by its own. See decision
// 174.
func (x *exchange) checkType() error {
	if len(x.reply().Raw()["Content-Type"]) == 0 {
		return nil
	}
	return endpoint.Errorf(endpoint.Internal, "cannot write the response: its Content-Type was set, and that of a stream is %s", eventStream)
}

// setItems sets the request stream that req points to: the lines, decoded.
func (x *exchange) setItems(req any) {
	v := reflect.ValueOf(req).Elem()
	v.Set(reflect.ValueOf(endpoint.RestoreStream(v.Type(), x.decodeLines(x.inner, x.lines))))
}

// decodeLines returns the lines as items. The end of ctx ends them, even while the
// sender is silent.
func (x *exchange) decodeLines(ctx context.Context, lines endpoint.Stream[line]) endpoint.Stream[any] {
	return func(yield func(any, error) bool) {
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() { defer close(interrupted); x.interrupt() })
		defer func() {
			if !stop() {
				<-interrupted // what it does to the connection is not for what comes after the range
			}
		}()
		place := reflect.New(x.rt.types.req)
		n, item := 0, place.Interface()
		for l, err := range lines {
			switch {
			case err == nil:
				place.Elem().SetZero() // nothing of an item is in the next one
				x.rt.rules.SetDefaults(item)
				err = shell.AtItem(x.rt.rules.Check(item, x.rt.inItem.format.Decode(l, item)), n)
			case ctx.Err() != nil && endpoint.CodeOf(err) == endpoint.Canceled:
				err = shell.ContextError(ctx)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(item, nil) {
				return
			}
			n++
		}
	}
}

// A serving says whether a handler still runs: a goroutine of the user's may range
// over a request stream for longer, but the writer is gone then.
type serving struct {
	mu   sync.Mutex // guards over, and is held while the writer is used
	over bool
}

func (s *serving) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// interrupt ends the read of a request stream that waits.
func (x *exchange) interrupt() {
	x.served.mu.Lock()
	defer x.served.mu.Unlock()
	if x.served.over {
		return
	}
	if conn := deadliner(x.w); conn != nil {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// acceptLines refuses what can be refused before a request stream is read.
func (x *exchange) acceptLines() error {
	if x.timeout != "" {
		return x.badTimeout()
	}
	if conn := deadliner(x.w); conn != nil {
		_ = conn.SetReadDeadline(time.Time{}) // a request stream lasts as long as it lasts
	}
	var err error
	if x.format, err = writesType(x.r, x.rt.writes); err != nil {
		return err
	}
	if _, err := readsType(x.r, x.rt.reads); err != nil {
		return x.unsupported(err)
	}
	coding, err := readsCoding(x.r)
	if err == nil && coding != identityCoding {
		err = ErrUnsupportedMediaType.With("the content coding of a stream is not supported; accepted: identity")
	}
	if err != nil {
		return err
	}
	d := decoding{b: &binding{}} // a request stream has no parameters
	d.readQuery(x.r.URL.RawQuery)
	return d.result(nil)
}

// requestLines returns the request's body as a stream of lines. Nothing is read
// ahead but a buffer, so a reader that waits holds the sender.
func (x *exchange) requestLines() endpoint.Stream[line] {
	x.reader = newLineReader(x.r.Body, x.rt.opts.maxBody, x.rt.config.Reading.Share())
	return shell.Once(func(yield func(line, error) bool) {
		for {
			x.wire.Wait()
			l, err := x.reader.next()
			x.wire.Waited()
			switch {
			case errors.Is(err, io.EOF):
				x.reader.ended.Store(true)
				return
			case errors.Is(err, errLineTooLong):
				yield(nil, x.tooLarge(x.rt.opts.maxBody))
				return
			case err != nil:
				yield(nil, x.brokeOff(err))
				return
			}
			x.call.AddBytes(int64(len(l)), 0)
			if !yield(l, nil) {
				return
			}
		}
	})
}

// brokeOff is the error of a request stream that has no end: its sender gave up.
func (x *exchange) brokeOff(err error) error {
	if errors.Is(err, ErrBodyTimeout) || errors.Is(err, errNoRoom) {
		return err
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok { // of a middleware of the user's
		return x.tooLarge(tooLarge.Limit)
	}
	if x.r.Context().Err() != nil {
		return shell.ContextError(x.r.Context())
	}
	return endpoint.Errorf(endpoint.Canceled, "the request stream broke off: %w", err)
}

// serveStream runs one call of a route with a stream.
func (rt *route) serveStream(ctx context.Context, x *exchange) {
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	x.served = new(serving)
	defer x.served.end()
	defer x.done()
	conn := http.NewResponseController(x.w)
	if s := serverOf(x.r); rt.op.Streams != endpoint.ClientStream || s != nil && s.WriteTimeout > 0 {
		// It counts from the header; see renewWriteDeadline. For an answer that is no
		// stream, a server may have a bound of another kind, which this would lift. See
		// decision 180.
		_ = conn.SetWriteDeadline(time.Time{})
	}
	if x.r.ProtoMajor < 2 && x.r.ContentLength != 0 {
		// Or net/http would wait for the rest of the body before it sends an
		// answer or a heartbeat.
		_ = conn.EnableFullDuplex()
	}
	if rt.op.Streams == endpoint.ClientStream {
		lines := x.requestLines()
		err := guard(func() error {
			_, err := rt.serveLines(ctx, lines)
			return err
		})
		x.renewWriteDeadline()
		if err != nil {
			x.sendError(ctx, err)
		} else {
			x.send(ctx)
		}
		return
	}
	if x.r.Method == http.MethodHead {
		x.renewWriteDeadline()
		x.startEvents()
		return
	}
	s := &eventSender{x: x, idle: rt.opts.heartbeat, limit: rt.opts.eventTimeout, lock: make(chan struct{}, 1), start: time.Now()}
	if s.unable = cannotFlush(x.w); s.unable != nil {
		s.idle = 0 // a heartbeat would send nothing but the status
	}
	x.sender = s
	s.run(ctx, func() (endpoint.Stream[event], error) {
		if rt.op.Streams == endpoint.Bidi {
			return rt.serveBoth(ctx, x.requestLines())
		}
		return rt.serveEvents(ctx, x)
	})
}

// quietly calls read without heartbeats meanwhile, and with none after a failure,
// which has a status.
func (x *exchange) quietly(read func() error) error {
	if x.sender == nil {
		return read()
	}
	x.sender.hush(true)
	if err := read(); err != nil {
		return err
	}
	x.sender.hush(false)
	return nil
}

// startEvents sends the header of a response stream. It may run for a heartbeat,
// beside the handler, so it looks at nothing that the handler writes.
func (x *exchange) startEvents() {
	h := x.w.Header()
	h["Content-Type"] = []string{eventStream}
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // for proxies that would hold events back
	if !x.rt.hasBody && holdsConn(x.r) {
		h.Set("Connection", "close") // the body is never read
	}
	x.w.WriteHeader(x.successStatus())
}

func (x *exchange) successStatus() int {
	if x.rt.opts.status != 0 {
		return x.rt.opts.status
	}
	return http.StatusOK
}

// publish copies what the handler set for the reply. What it sets after a
// heartbeat or an item is too late, as it is in net/http. See decision 13.
func (x *exchange) publish() {
	maps.Copy(x.w.Header(), x.reply().Raw())
}

// eventSender writes a response stream, and heartbeats between its items.
// See decision 111.
type eventSender struct {
	x     *exchange
	idle  time.Duration
	limit time.Duration // for a reader to take an event, or zero
	start time.Time

	unable error // of a writer that keeps what is sent until the stream ends, for the first item

	// lock guards the fields below and the response writer. It is a channel of one
	// because beats only try, and because the goroutine that holds it may wait for
	// a slow reader: another one that waits for a mutex is not durably blocked for
	// testing/synctest, and time would stand still.
	lock    chan struct{}
	started bool
	quiet   bool          // no heartbeats: the body is read, whose failure has a status
	last    time.Duration // from start to when something was sent
	buf     []byte
	err     error       // of the socket
	timer   *time.Timer // runs while the socket is written to
	cut     chan error  // what the timer did about a write that took too long
}

// run ranges over the stream and sends what it yields.
func (s *eventSender) run(ctx context.Context, open func() (endpoint.Stream[event], error)) {
	stop := s.beat()
	defer stop()
	err := guard(func() error {
		events, err := open()
		if err != nil || events == nil {
			return err
		}
		for e, err := range events {
			if err != nil {
				return err
			}
			if !s.send(e) {
				break
			}
		}
		return nil
	})
	stop()
	s.finish(ctx, err)
}

// finish sends the end of the stream, or its error: with its status, if nothing
// was sent before.
func (s *eventSender) finish(ctx context.Context, err error) {
	switch {
	case errors.Is(s.err, http.ErrNotSupported): // of a Flush that asks another writer
		s.x.rt.config.Hooks.Report(ctx, heldBack(s.x.w))
	case s.err != nil:
		s.x.rt.config.Hooks.Report(ctx, endpoint.Errorf(endpoint.Canceled, "the answer was not written: %w", s.err))
	case err == nil:
		s.send(event{name: endEvent, data: []byte("{}")})
	case !s.started:
		s.x.publish()
		s.x.renewWriteDeadline()
		s.x.sendError(ctx, err)
	default:
		var last event
		s.x.rt.problem(ctx, err, func(e *endpoint.Error) { last = s.x.rt.failureEvent(e) })
		s.send(last)
	}
}

// failureEvent returns the event for an error that comes after the first item. Its field
// retry is for browsers, which do not read the problem.
func (rt *route) failureEvent(e *endpoint.Error) event {
	return event{name: errorEvent, data: appendProblem(nil, e, rt.opts.statusOf(e)), retry: e.RetryAfter()}
}

// send sends one event, and the header before the first. It is false when the
// socket is gone.
func (s *eventSender) send(e event) bool {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	if !s.started {
		s.x.publish()
		s.x.call.SetStatus(s.x.successStatus())
	}
	s.buf = appendEvent(s.buf[:0], e)
	s.x.call.AddBytes(0, int64(len(s.buf)))
	return s.flush(s.buf)
}

func (s *eventSender) flush(b []byte) bool {
	if s.err != nil {
		return false
	}
	if !s.started {
		s.started = true
		s.x.startEvents()
	}
	if s.idle > 0 {
		s.last = time.Since(s.start)
	}
	s.err = s.write(b)
	return s.err == nil
}

// write writes b to the socket, and cuts the stream if that takes longer than the
// limit. A timer, and not a write deadline, because over HTTP/2 a deadline that
// passes between two events ends the stream. See decision 126.
func (s *eventSender) write(b []byte) (err error) {
	switch {
	case s.limit == 0:
	case s.timer == nil:
		s.cut = make(chan error, 1)
		s.timer = time.AfterFunc(s.limit, s.endWrite)
	default:
		s.timer.Reset(s.limit)
	}
	if _, err = s.x.w.Write(b); err == nil {
		err = flushWriter(s.x.w)
	}
	if s.limit > 0 && !s.timer.Stop() && <-s.cut == nil {
		return fmt.Errorf("the reader took no event for %v: %w", s.limit, os.ErrDeadlineExceeded)
	}
	return err
}

// endWrite makes a write that waits for its reader fail.
func (s *eventSender) endWrite() {
	s.cut <- http.NewResponseController(s.x.w).SetWriteDeadline(time.Unix(1, 0))
}

// cannotFlush returns an error if w, a writer of net/http or of a middleware, cannot
// send what it holds. It finds the same methods as http.ResponseController. See
// decision 161.
func cannotFlush(w http.ResponseWriter) error {
	for {
		switch t := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return nil
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return heldBack(w)
		}
	}
}

// heldBack is the error of a stream behind a middleware that would hold it back.
func heldBack(w http.ResponseWriter) *endpoint.Error {
	return endpoint.Errorf(endpoint.Internal, "the response cannot be streamed: %w",
		fmt.Errorf("the response writer %T cannot flush: its middleware must give it a method Unwrap or FlushError", w))
}

// flushWriter sends what the writer holds. One that cannot flush has only the end of
// a stream without items, which net/http sends; see cannotFlush.
func flushWriter(w http.ResponseWriter) error {
	if f, ok := w.(interface{ FlushError() error }); ok {
		return f.FlushError()
	}
	if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

var heartbeat = []byte(":\n\n")

// beat sends heartbeats until stop is called, which waits for the last one.
func (s *eventSender) beat() (stop func()) {
	if s.idle == 0 {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		timer := time.NewTimer(s.idle)
		defer timer.Stop()
		for {
			select {
			case <-quit:
				return
			case <-timer.C:
				timer.Reset(s.beatIfIdle())
			}
		}
	}()
	return sync.OnceFunc(func() { close(quit); <-done })
}

func (s *eventSender) hush(quiet bool) {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	s.quiet = quiet
}

// beatIfIdle returns how long to wait for the next look.
func (s *eventSender) beatIfIdle() time.Duration {
	select {
	case s.lock <- struct{}{}:
	default: // an event is on its way
		return s.idle
	}
	defer func() { <-s.lock }()
	if rest := s.last + s.idle - time.Since(s.start); rest > 0 {
		return rest
	}
	if s.quiet {
		return s.idle
	}
	s.flush(heartbeat)
	return s.idle
}
