package thriftx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// Client sets every endpoint of svc to a call of the server behind to, as its method Thrift
// describes it. to is one server ([To]) or a pool of them. Its error joins all that is
// wrong, each naming its place, and then nothing was set.
//
// Errors of calls are *endpoint.Error: those that the server answered are Remote. Others
// are Canceled, DeadlineExceeded, or Unavailable when the server could not be reached or
// closed the connection. An error of a call that is not idempotent and may have been sent
// is not retryable.
func Client(to endpoint.Target[*Conn], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if conn, ok := to.(*Conn); ok && conn != nil {
		b.checkMetadata(conn.dialect)
	}
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		c := &client{mt}
		path := &shell.Client[*Conn]{
			Op: mt.op, Target: shell.TargetFor(to, mt.op), Stack: mt.stack, Timeout: mt.config.Timeout,
			Begin: c.begin, Unary: c.unary,
		}
		path.Connect(mt.endpoint)
	}
	b.SetOmitted()
	return nil
}

// A client is one method on the client's side.
type client struct{ mt *method }

// begin starts the Call.
func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx, _, err := endpoint.StartCall(ctx, c.mt.op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	return ctx, err
}

// An outgoing is one attempt of a call.
type outgoing struct {
	c    *client
	call *endpoint.CallWriter
	link *idleLink
	seq  int32
}

// unary makes one exchange.
func (c *client) unary(ctx context.Context, conn *Conn, v any) (any, error) {
	call, w, err := shell.Outgoing(ctx)
	if err != nil {
		return nil, err
	}
	m := v.(*shell.Messages)
	args := c.mt.args.write(m.Req)
	if isNil(args) {
		return nil, shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", errNoStruct)
	}
	l, err := conn.take(ctx)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	x := &outgoing{c: c, call: w, link: l, seq: 1}
	keep := false
	defer func() {
		if keep {
			conn.put(l)
		} else {
			_ = l.Close()
		}
	}()
	w.SetPeer(l.peer)
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetDeadline(past) })
	defer stop()
	result, err := x.exchange(ctx, call.Header().Raw(), args)
	keep = stop() && l.fault == nil && x.isAnswered(err)
	if err != nil {
		return nil, err
	}
	resp := m.Place()
	if c.mt.isOneway() {
		return resp, nil
	}
	return resp, c.fromResult(result, resp)
}

// isAnswered reports whether the exchange that ended with err has read the whole answer.
func (x *outgoing) isAnswered(err error) bool {
	if err == nil {
		return true
	}
	e, ok := errors.AsType[*endpoint.Error](err)
	return ok && e.Remote() && !closes(e)
}

// closes reports whether a server of this package closes the connection after an answer
// with this error, because it has not read the whole request.
func closes(e *endpoint.Error) bool {
	return slices.ContainsFunc([]error{ErrInvalidRequest, ErrMessageTooLarge, ErrMessageTimeout, ErrOutOfCapacity}, e.Is)
}

// unreachable returns the error of a call that could not get a connection.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil || shell.IsOver(ctx) {
		return endpoint.MarkNotSent(shell.ContextError(ctx))
	}
	return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the server cannot be reached: %w", bounds.Quiet(err)))
}

// exchange sends the request and reads the answer, the struct of a result.
func (x *outgoing) exchange(ctx context.Context, header map[string][]string, args thrift.TStruct) (thrift.TStruct, error) {
	l := x.link
	kind := thrift.CALL
	if x.c.mt.isOneway() {
		kind = thrift.ONEWAY
	}
	l.begin()
	p := l.open()
	x.setHeader(ctx, p, header)
	if err := writeMessage(p, x.c.mt.name, kind, x.seq, args); err != nil {
		return nil, shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	data := l.message()
	x.call.AddBytes(int64(len(data)-metadataSize(data)), 0)
	if err := l.send(); err != nil && ctx.Err() != nil {
		return nil, x.failed(ctx, err)
	} // otherwise the server may have answered before it has read everything
	if kind == thrift.ONEWAY {
		return nil, nil
	}
	err := l.wait()
	if err == nil {
		err = l.start(service.Share{})
	}
	if err != nil {
		return nil, x.failed(ctx, err)
	}
	return x.read(ctx)
}

// setHeader sets the metadata of the request.
func (x *outgoing) setHeader(ctx context.Context, p thrift.TProtocol, header map[string][]string) {
	h, ok := p.(*thrift.THeaderProtocol)
	if !ok {
		return
	}
	for k, vs := range header {
		h.SetWriteHeader(k, strings.Join(vs, ", "))
	}
	if deadline, ok := ctx.Deadline(); ok {
		h.SetWriteHeader(timeoutKey, strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10))
	}
}

// read reads the answer.
func (x *outgoing) read(ctx context.Context) (result thrift.TStruct, err error) {
	l := x.link
	p := l.open()
	in := &bounded{p, l.limit}
	var failure *exception
	err = shell.Guard(nil, func() (err error) { // the library panics for some input
		result, failure, err = x.readMessage(in)
		return err
	})
	x.setReply(p)
	x.call.AddBytes(0, int64(l.read()))
	switch {
	case err != nil && l.fault != nil && isConnection(l.fault):
		return nil, x.failed(ctx, l.fault)
	case err != nil:
		_ = l.fail(err)
		return nil, x.sent(shell.Failure(endpoint.Internal, "the response cannot be read: %w", bounds.Quiet(err)))
	case failure != nil:
		e := failure.toError()
		x.call.SetStatus(int(e.Code()))
		return nil, x.sent(e)
	}
	x.call.SetStatus(0)
	return result, nil
}

func (x *outgoing) readMessage(in thrift.TProtocol) (result thrift.TStruct, failure *exception, err error) {
	ctx := noContext()
	name, kind, seq, err := in.ReadMessageBegin(ctx)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case kind == thrift.EXCEPTION: // perhaps of a request whose start the server has not read
		failure = new(exception)
		err = failure.Read(ctx, in)
	case kind != thrift.REPLY || name != x.c.mt.name || seq != x.seq:
		return nil, nil, fmt.Errorf("it answers another request: message %q of type %d, number %d", name[:min(len(name), maxName)], kind, seq)
	default:
		result = x.c.mt.result.create()
		err = result.Read(ctx, in)
	}
	if err == nil {
		err = in.ReadMessageEnd(ctx)
	}
	if err == nil {
		err = x.link.finish()
	}
	return result, failure, err
}

// setReply sets the metadata of the answer.
func (x *outgoing) setReply(p thrift.TProtocol) {
	h, ok := p.(*thrift.THeaderProtocol)
	if !ok {
		return
	}
	reply := map[string][]string{}
	for k, v := range h.GetReadHeaders() {
		reply[strings.ToLower(k)] = []string{v}
	}
	x.call.SetReply(endpoint.MetadataHeader(reply))
}

// fromResult converts the result of the server. Its mapping may find an error in it.
func (c *client) fromResult(result thrift.TStruct, into any) error {
	err := c.mt.result.read(result, into)
	switch {
	case err == nil:
		return nil
	case hasCode(err):
		return c.sent(shell.Remote(err))
	}
	return c.sent(shell.Failure(endpoint.Internal, "the response cannot be read: %w", shell.Unreadable(err)))
}

// failed returns the error of an attempt whose connection failed after the request, or a
// part of it, was sent.
func (x *outgoing) failed(ctx context.Context, err error) error {
	_ = x.link.fail(err)
	if ctx.Err() != nil || shell.IsOver(ctx) {
		return x.sent(shell.ContextError(ctx))
	}
	return x.sent(shell.Failure(endpoint.Unavailable, "the connection failed: %w", bounds.Quiet(err)))
}

func (x *outgoing) sent(err error) error { return x.c.sent(err) }

// sent marks the error of a call that may have reached the server, if a repeat of it could
// do harm.
func (c *client) sent(err error) error {
	if c.mt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}
