package natsx

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// exchange is one request while it is served. It is the request of the endpoint that the
// layers of a server are wrapped around.
type exchange struct {
	s      *Server
	mt     *method
	msg    *nats.Msg
	ctx    context.Context // with the Call
	call   *endpoint.CallWriter
	wire   *mark.Wire // of the Call
	bad    error      // of the request, apart from its data
	format int        // of the messages
	data   []byte     // of the response
	items  endpoint.Stream[any]
	out    *sender // of a response stream
}

// serve takes the endpoint from its field and puts the layers around it. A request has
// come whole before the layers, so those that take places are entered as all others.
func (mt *method) serve() {
	mt.endpoint.Read()
	switch mt.op.Streams {
	case endpoint.ServerStream:
		mt.stream = mt.stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Stream[any], error) {
			if err := x.run(ctx); err != nil {
				return nil, err
			}
			return x.messages(ctx), nil
		})
	default:
		mt.unary = mt.stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
			return endpoint.Empty{}, x.run(ctx)
		})
	}
}

// run calls the endpoint, and decodes and encodes around it.
func (x *exchange) run(ctx context.Context) error {
	if x.mt.endpoint.IsNil() {
		return shell.Unimplemented(x.mt.op.Name)
	}
	return shell.Cancelled(ctx, x.mt.endpoint.Serve(ctx, x))
}

// receive starts a call on a goroutine of its own, so that no request waits for another.
// It is called for one request of a subject at a time.
func (s *Server) receive(mt *method, msg *nats.Msg) {
	if !s.enter() {
		return
	}
	x := &exchange{s: s, mt: mt, msg: msg}
	share := mt.config.Reading.Share()
	if mt.config.running.Add(1) > int64(mt.config.calls) || !share.Take(int64(msg.Size())) {
		defer s.leave()
		defer mt.config.running.Add(-1)
		x.reject()
		return
	}
	go func() {
		defer s.leave()
		defer mt.config.running.Add(-1)
		defer share.Release()
		x.serve()
	}()
}

// reject refuses a call for which there is no room.
func (x *exchange) reject() {
	cancel := x.start()
	defer cancel()
	x.refuse(errNoRoom)
}

// start begins the Call.
func (x *exchange) start() context.CancelFunc {
	base := x.s.base
	left, err := timeLeft(x.msg.Header)
	x.bad = err
	if x.mt.op.Streams != endpoint.Unary {
		base = x.s.streams
		if x.msg.Reply == "" {
			x.bad = errNoReply
		}
	}
	ctx, cancel := within(base, left)
	x.ctx, x.call, _ = endpoint.StartCall(ctx, x.mt.op, metadataOf(x.msg.Header), endpoint.MetadataHeader(nil))
	x.wire = x.mt.config.Hooks.WireOf(x.ctx, x.mt.stack)
	return cancel
}

// within returns a context that ends after the time that a caller gives, if it gives one.
func within(base context.Context, left time.Duration) (context.Context, context.CancelFunc) {
	if left > 0 {
		return context.WithTimeout(base, left)
	}
	return context.WithCancel(base)
}

// errNoReply is the error of a request for a stream that nobody would read.
var errNoReply = endpoint.Errorf(endpoint.InvalidArgument, "a request for a stream needs a reply subject")

// errExited is the error of a call whose handler called runtime.Goexit.
var errExited = endpoint.Errorf(endpoint.Internal, "%w", errors.New("the handler called runtime.Goexit"))

// serve runs one call: it makes the Call, runs the layers around decoding, the endpoint
// and encoding, and then sends the response.
func (x *exchange) serve() {
	cancel := x.start()
	defer cancel()
	run := x.serveUnary
	if x.mt.op.Streams == endpoint.ServerStream {
		defer x.openStream(cancel)()
		run = x.serveStream
	}
	err := error(errExited)
	defer func() {
		if err != nil {
			x.refuse(err)
		}
	}()
	err = shell.Guard(nil, run)
}

// serveUnary runs a call without a stream.
func (x *exchange) serveUnary() error {
	if _, err := x.mt.unary(x.ctx, x); err != nil {
		return err
	}
	return x.respond()
}

// Decode reads the request of m.
func (x *exchange) Decode(m *shell.Messages) error {
	err := x.decode(m.Req)
	if err != nil {
		x.wire.Unread()
	}
	return err
}

func (x *exchange) decode(v any) error {
	x.call.AddBytes(int64(len(x.msg.Data)), 0)
	if x.bad != nil {
		return x.bad
	}
	if limit := x.mt.opts.maxMessage; len(x.msg.Data) > limit {
		return ErrMessageTooLarge.WithMeta("limit", strconv.Itoa(limit))
	}
	var err error
	if x.format, err = choose(x.mt.in, header(x.msg.Header, contentTypeHeader)); err != nil {
		return err
	}
	return x.mt.in[x.format].read(x.msg.Data, v)
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) error {
	if x.mt.op.Streams == endpoint.ServerStream {
		x.items = endpoint.EraseStream(reflect.ValueOf(m.Resp).Elem().Interface())
		return nil
	}
	data, err := x.encode(m.Resp)
	x.data = data
	return err
}

// encode returns the message of a response or of an item. NATS has a limit for its size.
func (x *exchange) encode(v any) ([]byte, error) {
	data, err := x.mt.out[x.format].write(v)
	if most := x.s.conn.MaxPayload(); err == nil && most > 0 && int64(len(data)) > most {
		err = fmt.Errorf("it has %d bytes, and the NATS server accepts %d", len(data), most)
	}
	if err != nil {
		return nil, endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	x.call.AddBytes(0, int64(len(data)))
	return data, nil
}

// respond sends the response. A request without a reply subject gets none.
func (x *exchange) respond() error {
	h := x.header()
	h[contentTypeHeader] = x.mt.out[x.format].header
	return x.publish(&nats.Msg{Subject: x.msg.Reply, Header: h, Data: x.data})
}

// header returns the metadata of the reply. What cannot be sent is reported.
func (x *exchange) header() nats.Header {
	h := nats.Header{}
	if err := setMetadata(h, (*endpoint.Call)(x.call).Reply().Raw()); err != nil {
		x.report(endpoint.Errorf(endpoint.Internal, "metadata of the reply was not sent: %w", err))
	}
	return h
}

// publish sends a reply. Its error is one of the call.
func (x *exchange) publish(msg *nats.Msg) error {
	if msg.Subject == "" {
		return nil
	}
	err := x.s.conn.PublishMsg(msg)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload): // with the headers
		return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	return endpoint.Errorf(endpoint.Canceled, "the response was not sent: %w", err)
}

// refuse sends the reply for a call that failed, and reports its error.
func (x *exchange) refuse(err error) {
	shell.Answer(err, func(err error) {
		out := x.mt.op.Outgoing(err)
		shell.SetRetried((*endpoint.Call)(x.call).Reply(), out, err)
		x.sendError(out)
		x.mt.config.Hooks.ReportCall(x.ctx, x.mt.op, err)
	})
}

// sendError sends the reply for an error, without what is too large to be sent.
func (x *exchange) sendError(e *endpoint.Error) {
	h := x.header()
	setError(h, e)
	err := x.sendReply(h, appendError(nil, e))
	if errors.Is(err, nats.ErrMaxPayload) {
		h = nats.Header{}
		setError(h, e)
		err = x.sendReply(h, nil)
	}
	if err != nil {
		x.report(err)
	}
}

// sendReply sends the last reply of a call that failed.
func (x *exchange) sendReply(h nats.Header, data []byte) error {
	if x.out != nil {
		return x.out.send(streamError, h, data)
	}
	return x.publish(&nats.Msg{Subject: x.msg.Reply, Header: h, Data: data})
}

// report calls the error hooks with an error that is not the one of the call.
func (x *exchange) report(err error) { x.mt.config.Hooks.Report(x.ctx, err) }
