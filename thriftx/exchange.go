package thriftx

import (
	"context"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// An exchange is one call while it is served. It is the request of the endpoint that the
// layers of a server are wrapped around.
type exchange struct {
	mt     *method
	conn   *serverConn
	env    *envelope
	call   *endpoint.CallWriter
	source *source
	wire   *mark.Wire
	cancel context.CancelFunc

	args     thrift.TStruct
	received bool // the arguments were read, or that failed with early
	early    error
	refusal  error // of the metadata
	watched  bool
}

// A source answers what a Call is seldom asked for. A handler may keep it.
type source struct {
	header endpoint.Header
	peer   string

	mu     sync.Mutex // guards the fields below
	answer thrift.TStruct
	size   func(answer thrift.TStruct) int64
}

// Header returns the metadata of the request.
func (s *source) Header() *endpoint.Header { return &s.header }

// Peer returns the address of the client.
func (s *source) Peer() string { return s.peer }

// ResponseBytes returns the size of the response, which is written when the layers have
// exited.
func (s *source) ResponseBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer == nil {
		return 0
	}
	return s.size(s.answer)
}

func (s *source) setAnswer(answer thrift.TStruct) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// prepare takes the endpoint from its field and puts the layers around it.
func (mt *method) prepare() {
	mt.endpoint.Read()
	before, after := mt.stack.Split()
	mt.serve = before.Wrap(receiveFirst(after, mt.innermost()))
}

func (mt *method) innermost() endpoint.Endpoint[*exchange, endpoint.Empty] {
	if mt.endpoint.IsNil() {
		return func(context.Context, *exchange) (endpoint.Empty, error) {
			return endpoint.Empty{}, shell.Unimplemented(mt.op.Name)
		}
	}
	return func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		return endpoint.Empty{}, shell.Cancelled(ctx, mt.endpoint.Serve(ctx, x))
	}
}

// receiveFirst returns next inside the layers that take places. They are entered once the
// request has come. See decision 139.
func receiveFirst(places endpoint.Stack, next endpoint.Endpoint[*exchange, endpoint.Empty]) endpoint.Endpoint[*exchange, endpoint.Empty] {
	if len(places) == 0 {
		return next
	}
	inside := places.Wrap(next)
	return func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		if err := places.Admit(ctx); err != nil {
			return endpoint.Empty{}, err
		}
		if err := x.receive(); err != nil {
			return endpoint.Empty{}, err
		}
		return inside(ctx, x)
	}
}

// call serves one request. It reports whether the connection can take another one.
func (c *serverConn) call(mt *method, e *envelope) bool {
	x := &exchange{mt: mt, conn: c, env: e}
	header, left, early := e.header()
	ctx, cancel := context.WithCancel(c.server.ctx)
	defer cancel()
	if left > 0 {
		ctx, cancel = context.WithTimeout(ctx, left)
		defer cancel()
	}
	x.cancel = cancel
	ctx, x.call, x.source = endpoint.StartSourcedCall[source](ctx, mt.op, endpoint.MetadataHeader(nil))
	x.source.header, x.source.peer = header, c.link.peer
	x.source.size = func(answer thrift.TStruct) int64 {
		return sizeOfMessage(c.server.dialect, e.name, thrift.REPLY, e.seq, answer)
	}
	x.wire = mt.config.Hooks.WireOf(ctx, mt.stack)
	x.refusal = early
	defer x.stopWatch() // also if the handler calls runtime.Goexit
	err := shell.Guard(nil, func() error {
		_, err := mt.serve(ctx, x)
		return err
	})
	x.stopWatch()
	return x.settle(ctx, err)
}

// receive reads the arguments, once.
func (x *exchange) receive() error {
	switch {
	case x.refusal != nil:
		return x.refusal
	case x.received:
		return x.early
	}
	x.received = true
	x.wire.Wait()
	args := x.mt.args.create()
	err := shell.Guard(nil, func() error {
		if err := args.Read(noContext(), x.env.in); err != nil {
			return err
		}
		if err := x.env.in.ReadMessageEnd(noContext()); err != nil {
			return err
		}
		return x.conn.link.finish()
	})
	x.wire.Waited()
	if err != nil {
		x.conn.link.share.Release()
		x.wire.Unread()
		x.early = unread(x.conn.link.fault, err, x.conn.server.limit)
		return x.early
	}
	x.args = args
	x.call.AddBytes(int64(x.conn.link.read()), 0)
	x.conn.link.first = time.Time{}
	x.conn.link.watcher.start(watchDelay, x.cancel)
	x.watched = true
	return nil
}

func (x *exchange) stopWatch() {
	if !x.watched {
		return
	}
	x.watched = false
	if x.conn.link.watcher.stop() {
		x.conn.waiting = time.Time{}
	}
}

// Decode reads the request of m.
func (x *exchange) Decode(m *shell.Messages) error {
	if err := x.receive(); err != nil {
		return err
	}
	if err := x.mt.args.read(x.args, m.Req); err != nil {
		x.wire.Unread()
		if hasCode(err) {
			return err
		}
		return ErrInvalidRequest.WithCause(err)
	}
	x.wire.Restart()
	return x.mt.rules.Check(m.Req, nil)
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) error {
	if x.mt.isOneway() {
		return nil
	}
	answer := x.mt.result.write(m.Resp)
	if isNil(answer) {
		return endpoint.Errorf(endpoint.Internal, "%w", errNoStruct)
	}
	x.source.setAnswer(answer)
	return nil
}

// settle answers the call. It reports whether the connection can take another request.
func (x *exchange) settle(ctx context.Context, err error) bool {
	whole := x.args != nil || !x.received && x.conn.skip(x.env) == nil
	var made error
	if err == nil {
		err = shell.Guard(nil, x.answer) // generated code panics for a nil struct in a list
	}
	if err != nil {
		x.conn.link.protocol = nil // which may have written a part of the answer
		shell.Answer(err, func(err error) { made = x.refuse(ctx, err) })
	}
	switch {
	case x.env.kind == thrift.ONEWAY || x.mt.isOneway():
		return whole
	case !whole:
		x.conn.linger(made)
		return false
	}
	return x.conn.send(made)
}

// answer makes the message of a success.
func (x *exchange) answer() error {
	if x.mt.isOneway() {
		return nil
	}
	return x.conn.write(x.env, thrift.REPLY, x.source.answer, x.reply().Raw())
}

// refuse makes the message of a call that failed.
func (x *exchange) refuse(ctx context.Context, err error) error {
	op := x.mt.op
	out := op.Outgoing(err)
	shell.SetRetried(x.reply(), out, err)
	made := x.conn.write(x.env, thrift.EXCEPTION, exceptionOf(out), x.reply().Raw())
	if op.Declares(out) {
		if result := x.mt.result.exception(out); result != nil {
			made = x.conn.write(x.env, thrift.REPLY, result, x.reply().Raw())
		}
	}
	x.mt.config.Hooks.ReportCall(ctx, op, err)
	return made
}

// reply returns the metadata that handlers and layers set.
func (x *exchange) reply() *endpoint.Header { return (*endpoint.Call)(x.call).Reply() }

// sizeOf returns the size of the answer for an error.
func (mt *method) sizeOf(e *endpoint.Error, _ bool) int64 {
	if mt.isOneway() {
		return 0
	}
	if mt.op.Declares(e) {
		if result := mt.result.exception(e); result != nil {
			return sizeOfMessage(mt.dialect, mt.name, thrift.REPLY, 1, result)
		}
	}
	return sizeOfMessage(mt.dialect, mt.name, thrift.EXCEPTION, 1, exceptionOf(e))
}
