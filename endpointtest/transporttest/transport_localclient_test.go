package transporttest_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// localClient is one operation on the client's side.
type localClient struct {
	*localServer

	remote served
	op     *endpoint.Operation
	stack  endpoint.Stack
	target endpoint.Target[localConn]
	err    error

	failure atomic.Pointer[error] // of the first call that failed
}

// localConn is a connection, of which there is not much within a process.
type localConn struct{}

func (c localConn) Acquire(context.Context) (localConn, endpoint.Token, error) {
	return c, endpoint.Token{}, nil
}
func (localConn) Release(endpoint.Token, error) {}

func (s *localServer) client(remote served, e transporttest.End) *localClient {
	c := &localClient{localServer: s, remote: remote, target: e.Counted(localConn{})}
	c.op, c.stack, c.err = s.bind(remote.op.Name, remote.op.Streams, endpoint.ClientSide, e)
	return c
}

func callUnary[Req, Resp any](c *localClient, field *endpoint.Endpoint[Req, Resp]) error {
	attempt := c.stack.Wrap(func(ctx context.Context, req Req) (resp Resp, err error) {
		err = c.attempt(ctx, outgoing{
			prepare: func(x *exchange) error { return c.prepare(ctx, x, req) },
			receive: func(packed any) (bool, error) {
				resp, err = c.unpack[Resp](packed)
				return true, err
			},
		})
		return resp, err
	})
	*field = func(ctx context.Context, req Req) (Resp, error) {
		ctx, err := c.start(ctx)
		if err != nil {
			return *new(Resp), err
		}
		return attempt(ctx, req)
	}
	return c.err
}

func callServerStream[Req, T any](c *localClient, field *endpoint.Endpoint[Req, endpoint.Stream[T]]) error {
	attempt := c.stack.Wrap(func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		return streamIn[T](ctx, c, outgoing{prepare: func(x *exchange) error { return c.prepare(ctx, x, req) }}), nil
	})
	*field = func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		items := cold(ctx, c, req, attempt)
		if c.faults.eager {
			all, err := items.Collect()
			return endpoint.StreamOf(all...), err
		}
		return items, nil
	}
	return c.err
}

func callClientStream[T, Resp any](c *localClient, field *endpoint.Endpoint[endpoint.Stream[T], Resp]) error {
	attempt := c.stack.Wrap(func(ctx context.Context, items endpoint.Stream[T]) (resp Resp, err error) {
		err = c.attempt(ctx, outgoing{
			produce: func(ctx context.Context, x *exchange) error { return send(ctx, c, x, items) },
			receive: func(packed any) (bool, error) {
				resp, err = c.unpack[Resp](packed)
				return true, err
			},
		})
		return resp, err
	})
	*field = func(ctx context.Context, items endpoint.Stream[T]) (Resp, error) {
		items = whole(ctx, c, items)
		ctx, err := c.start(ctx)
		if err != nil {
			return *new(Resp), err
		}
		return attempt(ctx, items)
	}
	return c.err
}

func callBidi[In, Out any](c *localClient, field *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]]) error {
	attempt := c.stack.Wrap(func(ctx context.Context, items endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return streamIn[Out](ctx, c, outgoing{produce: func(ctx context.Context, x *exchange) error { return send(ctx, c, x, items) }}), nil
	})
	*field = func(ctx context.Context, items endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return cold(ctx, c, whole(ctx, c, items), attempt), nil
	}
	return c.err
}

// start begins the Call.
func (c *localClient) start(ctx context.Context) (context.Context, error) {
	op := c.op
	if c.faults.operations {
		op = new(*op)
	}
	ctx, _, err := endpoint.StartCall(ctx, op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	return ctx, err
}

// cold returns a stream whose loop is the call.
func cold[Req, T any](ctx context.Context, c *localClient, req Req, attempt endpoint.Endpoint[Req, endpoint.Stream[T]]) endpoint.Stream[T] {
	return func(yield func(T, error) bool) {
		ctx, err := c.start(ctx)
		var items endpoint.Stream[T]
		if err == nil {
			items, err = attempt(ctx, req)
		}
		if err != nil {
			yield(*new(T), err)
			return
		}
		items(yield)
	}
}

// streamIn returns the items of a response.
func streamIn[T any](ctx context.Context, c *localClient, out outgoing) endpoint.Stream[T] {
	return func(yield func(T, error) bool) {
		stopped := false
		out.receive = func(packed any) (bool, error) {
			v, err := c.unpack[T](packed)
			if err == nil {
				stopped = !yield(v, nil)
			}
			return !stopped, err
		}
		if err := c.attempt(ctx, out); err != nil && !stopped {
			yield(*new(T), err)
		}
	}
}

// whole returns items with an error at the end when the call has ended before.
func whole[T any](ctx context.Context, c *localClient, items endpoint.Stream[T]) endpoint.Stream[T] {
	if items == nil || c.faults.takesPart {
		return items
	}
	return func(yield func(T, error) bool) {
		for v, err := range items {
			if !yield(v, err) || err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(*new(T), contextError(ctx))
		}
	}
}

// outgoing is what an attempt does with its exchange.
type outgoing struct {
	prepare func(x *exchange) error                      // before the server gets it
	produce func(ctx context.Context, x *exchange) error // the items of a request
	receive func(packed any) (more bool, err error)      // a message of the response
}

// prepare sets the request of a call that is not a stream.
func (c *localClient) prepare[Req any](ctx context.Context, x *exchange, req Req) error {
	packed, size, err := c.pack(req)
	if err != nil {
		return endpoint.Errorf(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	(*endpoint.CallWriter)(endpoint.CallFrom(ctx)).AddBytes(c.countable(size), 0)
	x.request = packed
	return nil
}

// send sends the items of a request until the server has ended.
func send[T any](ctx context.Context, c *localClient, x *exchange, items endpoint.Stream[T]) error {
	if items == nil {
		return nil
	}
	for v, err := range items {
		if err != nil {
			return err
		}
		packed, _, err := c.pack(v)
		if err != nil {
			return endpoint.Errorf(endpoint.InvalidArgument, "cannot write an item: %w", err)
		}
		if c.faults.keepsProducer {
			select {
			case x.in <- packed:
			case <-c.gone:
				return nil
			}
			continue
		}
		select {
		case x.in <- packed:
		case <-x.ended:
			return nil
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
	return nil
}

var errLeft = errors.New("the call panicked")

// attempt makes one exchange.
func (c *localClient) attempt(ctx context.Context, out outgoing) error {
	left, ok := mark.TimeLeft(ctx)
	if !ok && !c.faults.ignoresTime {
		return mark.Never(contextError(ctx))
	}
	_, token, err := c.target.Acquire(ctx)
	switch {
	case err != nil && c.faults.hidesAcquire:
		return endpoint.Errorf(endpoint.Unavailable, "there is no connection")
	case err != nil:
		return err
	}
	outcome := errLeft
	defer func() {
		if outcome == errLeft && c.faults.keepsTargets { //nolint:errorlint // it is the very value
			return
		}
		for range c.faults.releases + 1 {
			c.target.Release(token, outcome)
		}
	}()
	if first := c.failure.Load(); first != nil {
		outcome = *first
		return outcome
	}
	items := 0
	if receive := out.receive; c.op.Streams&endpoint.ServerStream != 0 {
		out.receive = func(packed any) (bool, error) {
			items++
			return receive(packed)
		}
	}
	outcome = c.exchange(ctx, out)
	if outcome != nil && !c.faults.blamesTargets {
		if items > 0 || c.op.Streams&endpoint.ClientStream != 0 {
			left = 0
		}
		w := mark.WireOf(ctx)
		if w.Ends(ctx) && endpoint.CodeOf(outcome) == endpoint.Canceled && !errors.Is(outcome, endpoint.ErrStopped) {
			outcome = endpoint.Errorf(endpoint.DeadlineExceeded, "deadline exceeded: %w", outcome)
		}
		outcome = w.Ended(ctx, outcome, left)
	}
	if outcome != nil && c.faults.remembers {
		c.failure.CompareAndSwap(nil, &outcome)
	}
	if c.faults.result != nil {
		outcome = c.faults.result(outcome)
	}
	return outcome
}

var errStopped = errors.New("the server has stopped")

func (c *localClient) exchange(ctx context.Context, out outgoing) error {
	call := endpoint.CallFrom(ctx)
	if err := errors.Join((*endpoint.CallWriter)(call).AddHeaders(ctx), call.Header().Check()); err != nil && !c.faults.unchecked {
		return endpoint.ErrorOf(err)
	}
	if n := call.Attempt(); n > 1 {
		call.Header().Set("endpoint-attempt", strconv.Itoa(n))
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	select {
	case <-c.gone:
		return endpoint.MarkNotSent(endpoint.Errorf(endpoint.Unavailable, "%w", errStopped))
	default:
	}
	x := &exchange{
		limit: c.end.MaxMessage, in: make(chan any), out: make(chan any),
		failed: make(chan error, 1), ended: make(chan struct{}),
	}
	if out.prepare != nil {
		if err := out.prepare(x); err != nil {
			return err
		}
	}
	own, cancel := context.WithCancel(ctx)
	defer cancel() // ends the call on the server, if it goes on
	if !c.faults.noPeer {
		(*endpoint.CallWriter)(call).SetPeer("the server")
	}
	if c.faults.leaks {
		go func() { <-c.gone }()
	}
	c.serve(own, call, x)
	if out.produce != nil {
		go x.produce(own, out.produce)
	}
	return c.sent(c.await(ctx, call, x, out))
}

func (x *exchange) produce(ctx context.Context, produce func(context.Context, *exchange) error) {
	err := guard(func() error { return produce(ctx, x) })
	x.broken.Store(err != nil)
	if err != nil {
		x.failed <- err
	}
	close(x.in)
}

// await hands on what comes from the server until it has ended.
func (c *localClient) await(ctx context.Context, call *endpoint.Call, x *exchange, out outgoing) error {
	for {
		select {
		case packed := <-x.out:
			if more, err := c.receive(call, packed, out); err != nil || !more {
				return errors.Join(err, stoppedUnless(more))
			}
		case err := <-x.failed:
			return c.ownError(err)
		case <-ctx.Done():
			return contextError(ctx)
		case <-x.ended:
			select { // the server may have ended for that reason
			case err := <-x.failed:
				return c.ownError(err)
			default:
			}
			if ctx.Err() != nil {
				return contextError(ctx)
			}
			(*endpoint.CallWriter)(call).SetReply(x.reply)
			if !c.faults.noStatus {
				(*endpoint.CallWriter)(call).SetStatus(x.status)
			}
			if x.err != nil && call.Reply().Get("endpoint-retried") != "" {
				return mark.Retried(c.overWire(x.err))
			}
			if x.err != nil {
				return c.overWire(x.err)
			}
			if x.answer == nil {
				return nil
			}
			_, err := c.receive(call, x.answer, out)
			return err
		}
	}
}

// ownError returns the error of a producer, and goes on with its panic.
func (l *local) ownError(err error) error {
	if l.faults.hidesProducer {
		return endpoint.Errorf(endpoint.Canceled, "the request stream failed")
	}
	if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
		panic(p.Value)
	}
	return err
}

func stoppedUnless(more bool) error {
	if more {
		return nil
	}
	return endpoint.ErrStopped
}

func (c *localClient) receive(call *endpoint.Call, packed any, out outgoing) (bool, error) {
	if data, ok := packed.([]byte); ok {
		(*endpoint.CallWriter)(call).AddBytes(0, c.countable(len(data)))
	}
	more, err := out.receive(packed)
	if err != nil {
		return more, endpoint.Errorf(endpoint.Internal, "the response cannot be read: %w", err)
	}
	return more, nil
}

// sent marks the error of a call that a repeat could do twice.
func (c *localClient) sent(err error) error {
	if c.op.Idempotent || err == nil {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

func contextError(ctx context.Context) error {
	code, text := endpoint.Canceled, "canceled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code, text = endpoint.DeadlineExceeded, "deadline exceeded"
	}
	return endpoint.Errorf(code, text+": %w", errors.Join(ctx.Err(), context.Cause(ctx)))
}

// overWire returns the error of a server as its client has it.
func (l *local) overWire(e *endpoint.Error) *endpoint.Error {
	clean := func(s string) string { return s }
	if l.encoded && !l.faults.rawTexts {
		clean = func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
	}
	w := endpoint.FromWire(e.Code(), e.Domain(), e.Reason(), clean(e.Message())).WithRetryAfter(e.RetryAfter())
	for _, v := range e.Violations() {
		w = w.WithViolations(endpoint.Violation{Pointer: clean(v.Pointer), Parameter: clean(v.Parameter), Detail: clean(v.Detail)})
	}
	for _, h := range e.Help() {
		w = w.WithHelp(endpoint.Link{Description: clean(h.Description), URL: clean(h.URL)})
	}
	for key, value := range e.Meta() {
		w = w.WithMeta(clean(key), clean(value))
	}
	return w
}

// serve starts the call on the server.
func (c *localClient) serve(client context.Context, from *endpoint.Call, x *exchange) {
	ctx, cancel := serverContext(client)
	if c.faults.context != nil {
		cancel()
		ctx, cancel = c.faults.context(client)
		go func(ctx context.Context, cancel context.CancelFunc) {
			select {
			case <-c.gone:
				cancel()
			case <-ctx.Done():
			}
		}(ctx, cancel)
	}
	header := maps.Clone(from.Header().Raw())
	if c.faults.header != nil {
		c.faults.header(header)
	}
	if c.faults.addsHeader {
		from.Header().Set("content-type", "application/json")
	}
	ctx, x.call, _ = endpoint.StartCall(ctx, c.remote.op, endpoint.MetadataHeader(header), endpoint.MetadataHeader(nil))
	if c.faults.takesTime {
		mark.WireOf(ctx).Unread()
	}
	if deadline, ok := ctx.Deadline(); ok && c.faults.hurries {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, deadline.Add(-10*time.Millisecond))
		context.AfterFunc(ctx, stop)
	}
	x.call.SetPeer("the client")
	x.inner = ctx
	go func() {
		defer cancel()
		defer close(x.ended)
		err := guard(func() error { return c.remote.run(ctx, x) })
		if err != nil {
			x.answer = nil
			x.err, x.status = c.refuse(ctx, err)
		}
		x.reply = *(*endpoint.Call)(x.call).Reply()
		if c.faults.reply != nil {
			c.faults.reply(&x.reply, err)
		}
	}()
}

// serverContext returns the context of a call on the server, which ends with the
// client's and has its deadline.
func serverContext(client context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if deadline, ok := client.Deadline(); ok {
		ctx, cancel = context.WithDeadline(context.Background(), deadline)
	}
	stop := context.AfterFunc(client, cancel)
	return ctx, func() { stop(); cancel() }
}

// refuse returns what a server sends for an error, and tells the hook.
func (c *localClient) refuse(ctx context.Context, err error) (out *endpoint.Error, status int) {
	look := func() error {
		out, status = c.remote.op.Outgoing(err), endpoint.CallFrom(ctx).Status(err)
		shell.SetRetried(endpoint.CallFrom(ctx).Reply(), out, err)
		return nil
	}
	if panicked := guard(look); panicked != nil {
		err = panicked
		_ = look()
	}
	if c.faults.answer != nil {
		out = c.faults.answer(out, err)
	}
	hook := func() error {
		if c.faults.hook == nil {
			c.end.Hook(ctx, shell.Reported(ctx, c.remote.op, err))
			return nil
		}
		c.faults.hook(ctx, err, c.end.Hook)
		return nil
	}
	if panicked := guard(hook); panicked != nil && c.faults.hookCosts {
		out = c.remote.op.Outgoing(panicked)
	}
	return out, status
}

// guard returns a panic of f as an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = endpoint.NewPanicError(v)
		}
	}()
	return f()
}
