package natsx

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
)

// Client sets every endpoint of svc to a call over the connection of to ([To]), as its
// method NATS describes it. The error joins all that is wrong, each naming its place, and
// then nothing was set.
//
// Errors of calls are *endpoint.Error: those that the server responded with are Remote and
// match those it declares. Others are Canceled, DeadlineExceeded, or Unavailable: when no
// server is subscribed to the subject, when the connection to NATS is down, which a call
// does not wait for, and when a response stream breaks off. An error of a call that is not
// idempotent and may have been sent is not retryable.
//
// The peer of a call is the NATS server that the connection has at the time.
func Client(to endpoint.Target[*nats.Conn], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		connect(mt, to)
	}
	b.SetOmitted()
	return nil
}

// client is one method on the client's side.
type client struct {
	mt     *method
	target endpoint.Target[*nats.Conn]
	peer   atomic.Pointer[peer]
}

// A peer is the address of the NATS server of a connection at a time.
type peer struct {
	conn *nats.Conn
	addr string
	at   time.Time
}

// peerOf returns the address of the NATS server. It asks again after a second: nats.go makes the
// text of it anew each time.
func (c *client) peerOf(conn *nats.Conn) string {
	if p := c.peer.Load(); p != nil && p.conn == conn && time.Since(p.at) < time.Second {
		return p.addr
	}
	p := &peer{conn, conn.ConnectedAddr(), time.Now()}
	c.peer.Store(p)
	return p.addr
}

// connect sets the field of a method to calls over the connections of to.
func connect(mt *method, to endpoint.Target[*nats.Conn]) {
	c := &client{mt: mt, target: shell.TargetFor(to, mt.op)}
	path := &shell.Client[*nats.Conn]{
		Op: mt.op, Target: c.target, Stack: mt.stack, Timeout: mt.config.Timeout,
		Begin: c.begin, Unary: c.unary, Range: c.receive,
	}
	path.Connect(mt.endpoint)
}

// begin starts the Call.
func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx, _, err := endpoint.StartCall(ctx, c.mt.op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	return ctx, err
}

// request returns the request of an attempt, with the Call. Its errors are of calls that
// were not sent.
func (c *client) request(ctx context.Context, conn *nats.Conn, req any) (*nats.Msg, *endpoint.CallWriter, error) {
	call, w, err := shell.Outgoing(ctx)
	if err != nil {
		return nil, nil, err
	}
	h := nats.Header{}
	if err := setMetadata(h, call.Header().Raw()); err != nil {
		return nil, nil, shell.Failure(endpoint.InvalidArgument, "%w", err)
	}
	f := &c.mt.in[0]
	data, err := f.write(req)
	if err != nil {
		return nil, nil, shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	if ctx.Err() != nil {
		return nil, nil, shell.ContextError(ctx)
	}
	if !conn.IsConnected() {
		return nil, nil, unreachable(errors.New("the connection to NATS is " + conn.Status().String()))
	}
	if most := conn.MaxPayload(); most > 0 && int64(len(data)) > most {
		return nil, nil, shell.Failure(endpoint.ResourceExhausted, "the request has %d bytes, and the NATS server accepts %d", len(data), most)
	}
	h[contentTypeHeader] = f.header
	if deadline, ok := ctx.Deadline(); ok {
		h[timeoutHeader] = []string{remaining(deadline)}
	}
	w.AddBytes(int64(len(data)), 0)
	w.SetPeer(c.peerOf(conn))
	return &nats.Msg{Subject: c.mt.subject, Header: h, Data: data}, w, nil
}

// unary makes one exchange for the request of v, a *shell.Messages.
func (c *client) unary(ctx context.Context, conn *nats.Conn, v any) (any, error) {
	m := v.(*shell.Messages)
	msg, w, err := c.request(ctx, conn, m.Req)
	if err != nil {
		return nil, err
	}
	reply, err := conn.RequestMsgWithContext(ctx, msg)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	w.SetReply(metadataOf(reply.Header))
	w.AddBytes(0, int64(len(reply.Data)))
	if e := errorOf(reply, w); e != nil {
		return nil, c.sent(e)
	}
	resp := m.Place()
	if err := c.read(reply, resp); err != nil {
		return nil, c.unreadable("the response", err)
	}
	return resp, nil
}

// read decodes a response or an item into the value that v points to.
func (c *client) read(msg *nats.Msg, v any) error {
	return c.mt.out[0].readResponse(msg.Data, header(msg.Header, contentTypeHeader), v)
}

// unreadable returns the error of a response or an item that cannot be read.
func (c *client) unreadable(what string, err error) error {
	if e, ok := shell.FromDecoder(err); ok {
		return c.sent(e)
	}
	return c.sent(shell.Failure(endpoint.Internal, "%s cannot be read: %w", what, shell.Unreadable(err)))
}

// sent marks the error of a call that reached the server, if a repeat of it could do
// harm.
func (c *client) sent(err error) error {
	if c.mt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

// unreachable returns the error of a call that no server got.
func unreachable(err error) error {
	return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the server cannot be reached: %w", bounds.Quiet(err)))
}

// failed makes the typed error of an attempt that failed in nats.go.
func (c *client) failed(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil, shell.IsOver(ctx):
		return c.sent(shell.ContextError(ctx))
	case errors.Is(err, nats.ErrNoResponders):
		return unreachable(errors.New("no server is subscribed to " + c.mt.subject))
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining),
		errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrReconnectBufExceeded):
		return unreachable(err)
	case errors.Is(err, nats.ErrMaxPayload):
		return shell.Failure(endpoint.ResourceExhausted, "the request is too large for the NATS server: %w", err)
	}
	return c.sent(shell.Failure(endpoint.Unavailable, "the connection to NATS broke: %w", bounds.Quiet(err)))
}
