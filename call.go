package endpoint

import (
	"context"
	"sync/atomic"

	"github.com/typedkit/endpoint/internal/fork"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Side is the side of a call.
type Side uint8

// The two sides of a call.
const (
	ServerSide Side = iota + 1
	ClientSide
)

// String returns "server", "client", or "" for none.
func (s Side) String() string {
	switch s {
	case ServerSide:
		return "server"
	case ClientSide:
		return "client"
	}
	return ""
}

// A Call is what is known of one call while it runs. The outermost shell makes
// it: Mount and Register on a server, Client on a client. So a handler and the
// layers of a server see the server's Call, and a client's layers the client's.
//
// All methods are safe on a nil Call, and concurrent reading is. What sets
// something does so before the call is handed on, or after it came back.
type Call struct {
	op            *Operation
	attempt       *Attempt // of the repeated call that this one is part of
	source        CallSource
	header, reply Header
	peer          string
	principal     string
	proof         *Proof   // the first
	proofs        []*Proof // those after it
	requestBytes  atomic.Int64
	responseBytes atomic.Int64
	failure       error        // of the call inside the layers, on a server
	failureBytes  atomic.Int64 // the size of the response for failure, computed on demand
	values        func(c *Call, key any) any
	detached      atomic.Pointer[Call] // what values is asked with, nil for the Call itself
	wire          mark.Wire            // of a call that is served
	status        int32
	side          Side
}

// A CallSource answers what is seldom asked of a Call and would cost its
// transport something to find out for each. For authors of transports. It is
// safe for concurrent use.
//
// A CallSource may have a method Fork() CallSource, which returns one with a Header of
// its own, for work that may run on when the call is over. Otherwise such work gets
// copies of the header and of the peer.
type CallSource interface {
	// Header returns the metadata of the request, the same view each time.
	Header() *Header
	// Peer returns the address of the other side.
	Peer() string
	// ResponseBytes returns the size of a response that was not counted by
	// [CallWriter.AddBytes].
	ResponseBytes() int64
}

// callContext carries its Call in the same allocation.
type callContext struct {
	context.Context
	call Call
}

type contextKey = mark.Key

const (
	callKey contextKey = iota
	incomingKey
	attemptKey
	headersKey
)

// Value answers for the call. A call hides what belongs to the calls around it:
// their attempts, the headers that were meant for them.
func (c *callContext) Value(key any) any {
	if k, ok := key.(contextKey); ok {
		switch k {
		case callKey:
			return &c.call
		case incomingKey:
			if c.call.side == ServerSide {
				return &c.call
			}
		case attemptKey:
			return c.call.attempt
		case headersKey:
			return (*headerContext)(nil)
		case fork.OriginKey:
			return &c.call
		case fork.ForkKey:
			return fork.Func(forkAll)
		case mark.CallerKey:
			if c.call.side == ServerSide {
				return c.Context
			}
		case mark.WireKey:
			if c.call.side == ServerSide {
				return &c.call.wire
			}
		}
	}
	if v := c.call.value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// StartCall returns a context that carries a new Call of op, on the side that op
// names. For authors of transports. The headers are views on the transport's own
// maps. On a server, a deadline of ctx is one that the caller set: see [ServerFault].
// On a client, what [WithHeader] left for this call is added to header, and
// err has the code [InvalidArgument] when some of it may not be sent.
func StartCall(ctx context.Context, op *Operation, header, reply Header) (context.Context, *CallWriter, error) {
	// See decision 110.
	node := &callContext{Context: ctx}
	c := &node.call
	c.op, c.side, c.header, c.reply = op, op.Side, header, reply
	switch c.side {
	case ServerSide:
		c.takeDeadline(ctx)
	case ClientSide:
		c.attempt = attemptAround(ctx)
		if err := c.addHeaders(ctx); err != nil {
			return node, (*CallWriter)(c), err
		}
	}
	return node, (*CallWriter)(c), nil
}

// takeDeadline takes the deadline of ctx, the context of the transport, as the one
// that came with the request.
func (c *Call) takeDeadline(ctx context.Context) {
	c.wire.Paced = c.Operation().Streams&ClientStream != 0
	if deadline, ok := ctx.Deadline(); ok {
		c.wire.Set(deadline)
	}
}

// sourcedCall carries its Call and the Call's source in the same allocation.
type sourcedCall[S any] struct {
	callContext
	source S
}

// StartSourcedCall is StartCall on a server whose transport answers through a
// source, which is asked for the header, and for a peer and a size that are not
// set. The source is new and empty, and lies in the allocation of the Call. A
// transport names its type only: StartSourcedCall[source](…). For authors of
// transports.
func StartSourcedCall[S any, P interface {
	*S
	CallSource
}](ctx context.Context, op *Operation, reply Header) (context.Context, *CallWriter, P) {
	node := &sourcedCall[S]{Context: ctx}
	c := &node.call
	source := P(&node.source)
	c.op, c.side, c.source, c.reply = op, ServerSide, source, reply
	c.takeDeadline(ctx)
	return &node.callContext, (*CallWriter)(c), source
}

// CallFrom returns the Call that ctx belongs to, or nil.
func CallFrom(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey).(*Call)
	return c
}

// Incoming returns the Call that is being served, also from inside the layers
// of a client that the handler uses, or nil.
func Incoming(ctx context.Context) *Call {
	c, _ := ctx.Value(incomingKey).(*Call)
	return c
}

var noOperation Operation

// Operation returns the operation that is called; a shared empty one when
// there is none, so that its fields can always be read.
func (c *Call) Operation() *Operation {
	if c == nil || c.op == nil {
		return &noOperation
	}
	return c.op
}

// Side says whose Call it is; 0 for a nil one.
func (c *Call) Side() Side {
	if c == nil {
		return 0
	}
	return c.side
}

// Peer returns the address of the other side, as far as it is known: on a
// client, once the attempt has a connection.
func (c *Call) Peer() string {
	if c == nil {
		return ""
	}
	if c.source != nil && c.peer == "" {
		return c.source.Peer()
	}
	return c.peer
}

// Attempt returns which attempt of a repeated call this is, from 1.
func (c *Call) Attempt() int {
	if c == nil {
		return 1
	}
	return c.attempt.Number()
}

// Header returns the metadata of the request: what came in on a server, what
// goes out on a client. It is nil for a nil Call.
func (c *Call) Header() *Header {
	if c == nil {
		return nil
	}
	if c.source != nil {
		return c.source.Header()
	}
	return &c.header
}

// Reply returns the metadata of the response: what goes out on a server, also
// with an error; what came back on a client. It is nil for a nil Call.
func (c *Call) Reply() *Header {
	if c == nil {
		return nil
	}
	return &c.reply
}

// RequestBytes returns the size of the request's body on the wire; the
// transport sets it before the layers' Exit.
func (c *Call) RequestBytes() int64 {
	if c == nil {
		return 0
	}
	return c.requestBytes.Load()
}

// ResponseBytes returns the size on the wire of the response's body, or of the response
// for an error. It is known before the layers' Exit. On a server, the error is that of
// the call inside the layers, or of the layer that rejected the call.
func (c *Call) ResponseBytes() int64 {
	if c == nil {
		return 0
	}
	n := c.responseBytes.Load()
	if c.source != nil && n == 0 {
		n = c.source.ResponseBytes()
	}
	if c.failure == nil || c.op.SizeOf == nil {
		return n
	}
	size := c.failureBytes.Load()
	if size == 0 {
		size = c.op.sizeOf(c.failure, n > 0)
		c.failureBytes.Store(size)
	}
	if c.op.Streams&ServerStream == 0 {
		return size // the error is sent in place of a response
	}
	return n + size
}

// fail notes that the call inside the layers failed with err.
func (c *Call) fail(err error) {
	if c != nil && c.side == ServerSide && c.op != nil {
		c.failure = err
		c.failureBytes.Store(0)
	}
}

// Status returns the transport's own status (of HTTP, of gRPC) of a call that
// ends with err, which is nil for a success: a layer's Exit gives the error that
// it got, or the one that it returns. On a server it is the status that goes
// out, also for a panic, for the refusal of a layer inside, and for a success
// that a layer inside made an error of. On a client it is the status that came
// back, whatever became of it, and 0 when none came.
func (c *Call) Status(err error) int {
	// See decision 18.
	switch {
	case c == nil:
		return 0
	case err != nil && c.side == ServerSide && c.op != nil && c.op.StatusOf != nil:
		return c.op.StatusOf(c.op.Outgoing(err))
	}
	return int(c.status)
}

// SetPrincipal names who calls, for the layers outside and for limits of each
// client. The full identity is a typed context value of the layer that
// authenticates.
func (c *Call) SetPrincipal(name string) {
	if c != nil {
		c.principal = name
	}
}

// Principal returns who calls, or "".
func (c *Call) Principal() string {
	if c == nil {
		return ""
	}
	return c.principal
}

// SetValues makes the call's context consult f before the contexts around the call,
// so that rarely needed values are computed on demand instead of costing every call a
// context. f returns nil for keys it does not own; a nil f removes the previous one.
// It must be safe for concurrent use, and use nothing of the call but the Call that it
// is passed: work that may run on when the call is over, such as a flight of
// resilience.Coalesce, makes that a copy. For authors of layers, in Enter.
func (c *Call) SetValues(f func(c *Call, key any) any) {
	if c != nil {
		c.values = f
	}
}

// value returns what a layer of the call answers for key, or nil.
func (c *Call) value(key any) any {
	if c.values == nil {
		return nil
	}
	if d := c.detached.Load(); d != nil {
		c = d
	}
	return c.values(c, key)
}

// detach makes values use a copy of c from now on, because c may soon be over for some
// of those who ask.
func (c *Call) detach() {
	if c.values == nil || c.detached.Load() != nil {
		return
	}
	d := &Call{values: c.values}
	d.copy(c)
	c.detached.Store(d)
}

// copy sets c, which is new, to what is known of from, which is not over. What its
// transport keeps for it is copied as well, because it may be gone or be used again
// when the call is over. Only a source that has a fork of its own is not asked yet.
func (c *Call) copy(from *Call) {
	c.op, c.side, c.attempt, c.principal = from.op, from.side, from.attempt, from.principal
	c.proof, c.proofs = from.proof, from.proofs
	if s, ok := from.source.(interface{ Fork() CallSource }); ok {
		c.source, c.peer = s.Fork(), from.peer
	} else {
		c.header, c.peer = from.Header().clone(), from.Peer()
	}
	c.requestBytes.Store(from.requestBytes.Load())
	c.reply = from.reply.clone()
}

// fork sets c, which is new, to one attempt of the call from.
func (c *Call) fork(from *Call) {
	c.op, c.side, c.peer, c.principal = from.op, from.side, from.peer, from.principal
	c.proof, c.proofs = from.proof, from.proofs
	c.header = from.header.clone()
	c.reply = Header{raw: from.reply.raw}
}

// adopt takes over what the attempt learned.
func (c *Call) adopt(from *Call) {
	c.peer, c.reply = from.peer, from.reply
	c.requestBytes.Store(from.requestBytes.Load())
	c.responseBytes.Store(from.responseBytes.Load())
	c.status = from.status
}
