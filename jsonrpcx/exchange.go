package jsonrpcx

import (
	"context"
	"net/http"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
	"github.com/typedkit/endpoint/internal/unrouted"
)

// exchange is one call while it is served. It is the request of the endpoint that the
// layers of a server are wrapped around.
type exchange struct {
	ctx   context.Context
	mt    *method
	m     *message
	call  *endpoint.CallWriter
	to    *endpoint.Header // the reply of HTTP; nil in a batch
	early error            // with which the call fails before its endpoint
	room  *room            // of a batch
	out   []byte           // the response object
}

// exchange begins a call. ctx is that of the request of HTTP.
func (s *server) exchange(ctx context.Context, mt *method, m *message, to *endpoint.Header) *exchange {
	outer, deadline := endpoint.CallFrom(ctx), mark.WireOf(ctx).Deadline
	header := http.Header(outer.Header().Raw())
	if to == nil {
		header = header.Clone() // a layer may change it, beside those of other calls
	}
	if mt == s.unrouted && m.method != "" {
		ctx = unrouted.WithPath(ctx, loggedMethod(m.method))
	}
	x := &exchange{mt: mt, m: m, to: to}
	x.ctx, x.call, _ = endpoint.StartCall(ctx, mt.op, endpoint.HTTPHeader(header), endpoint.HTTPHeader(nil))
	s.config.Hooks.WireOf(x.ctx, mt.stack).Set(deadline) // and not one that a middleware set
	x.call.SetPeer(outer.Peer())
	x.call.AddBytes(int64(m.size), 0)
	return x
}

// loggedMethod returns the first 256 bytes of the name of a method that there is not.
func loggedMethod(name string) string {
	const most = 256
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(name, "\ufffd")
}

// run runs the layers and what is inside them. A panic is an error from here on.
func (x *exchange) run() error {
	err := shell.Guard(nil, func() error {
		_, err := x.mt.serve(x.ctx, x)
		return err
	})
	x.sendReply()
	return err
}

// answer runs the call and returns the response object, nil for a notification.
func (x *exchange) answer() []byte {
	if err := x.run(); err != nil {
		x.fail(err)
	}
	if x.m.isNotification() {
		return nil
	}
	return x.out
}

// fail makes the response object of a call that failed with err.
func (x *exchange) fail(err error) {
	shell.Answer(err, func(err error) {
		e := x.mt.op.Outgoing(err)
		if x.to != nil {
			shell.SetRetried(x.to, e, err)
		}
		x.out = x.mt.appendFailure(x.out[:0], e, x.m.id)
		x.mt.config.Hooks.ReportCall(x.ctx, x.mt.op, err)
	})
}

// sendReply copies what handlers and layers set for the reply into that of HTTP. What
// describes a body belongs to the transport.
func (x *exchange) sendReply() {
	if x.to == nil {
		return
	}
	for key, values := range (*endpoint.Call)(x.call).Reply().Raw() {
		if !strings.HasPrefix(key, "Content-") {
			x.to.Raw()[key] = values
		}
	}
}

// Decode reads the request of m.
func (x *exchange) Decode(m *shell.Messages) error {
	if x.room.isFull() {
		return ErrBatchReplyTooLarge
	}
	return x.mt.params.decode(x.m.params, m.Req)
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) error {
	return x.write(func(dst []byte) ([]byte, error) { return x.mt.result.Append(dst, m.Resp) })
}

// write makes the response object of a result.
func (x *exchange) write(result func(dst []byte) ([]byte, error)) error {
	if x.m.isNotification() {
		return nil
	}
	var err error
	x.out, err = appendResult(x.out[:0], x.m.id, result)
	if err != nil {
		return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	if !x.room.take(len(x.out)) {
		return ErrBatchReplyTooLarge
	}
	x.call.AddBytes(0, int64(len(x.out)))
	return nil
}
