package netrpcx

import (
	"context"
	"encoding/json/jsontext"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/shell"
)

// conn is a connection of a server. One goroutine reads its requests; each call has one of
// its own.
type conn struct {
	server *Server
	net    net.Conn
	peer   string
	source *source
	wire   wire
	ctx    context.Context // of its calls
	cancel context.CancelFunc
	places chan struct{} // of calls in flight
	calls  sync.WaitGroup

	draining chan struct{} // closed when no more requests are read
	once     sync.Once

	writing  sync.Mutex // guards the writing end of net, and the two fields below; taken before encoding
	written  []byte     // the last message, whose memory is used again
	deadline time.Time  // when that of net was set

	encoding sync.Mutex // guards the writing end of wire; never held during a write
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{server: s, net: nc, peer: nc.RemoteAddr().String(), places: make(chan struct{}, s.config.calls), draining: make(chan struct{})}
	c.source = &source{conn: nc, budget: s.config.Reading, idle: s.config.idle, message: s.config.messageTimeout}
	c.source.busy = func() bool { return len(c.places) > 1 } // the reader has one of them
	c.wire = newWire(c.source, &s.config, true, s.config.maxMessage)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// newWire returns the wire of one end of a connection.
func newWire(s *source, c *config, server bool, limit int64) wire {
	if c.json {
		return newJSONWire(s, server, limit)
	}
	return newGobWire(s, server)
}

// drain makes the connection read no more requests. The calls in flight are answered.
func (c *conn) drain() {
	c.once.Do(func() {
		close(c.draining)
		c.source.stop()
	})
}

// close ends the connection and the contexts of its calls.
func (c *conn) close() {
	c.cancel()
	_ = c.net.Close()
}

// isDraining reports whether drain was called.
func (c *conn) isDraining() bool {
	select {
	case <-c.draining:
		return true
	default:
		return false
	}
}

// serve serves the connection until it ends. The client has gone when nothing can be read any
// more, unless that is because the server drains, or the client has sent what is not of the
// protocol.
func (c *conn) serve() {
	defer c.server.remove(c)
	defer c.close()
	defer c.linger()
	defer c.source.share.Release()
	defer c.calls.Wait() // also if a method of a message calls runtime.Goexit
	for {
		err := c.next()
		if err == nil {
			continue
		}
		if !c.isDraining() && !c.reject(err) {
			c.cancel()
		}
		return
	}
}

// lingerTime is how long a connection stays open for reading after its last answer.
const lingerTime = 500 * time.Millisecond

// linger ends the writing of a connection whose client may still send. To close it at once
// would make the system discard answers that the client has not read.
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || c.ctx.Err() != nil || half.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, maxSkip)
}

// next reads one request and begins its call. It waits for a place before that.
func (c *conn) next() error {
	select {
	case c.places <- struct{}{}:
	case <-c.draining:
		return net.ErrClosed
	case <-c.ctx.Done():
		return net.ErrClosed
	}
	x, err := c.read()
	if err != nil {
		<-c.places
		return err
	}
	c.calls.Go(func() {
		defer func() { <-c.places }()
		defer c.source.touch()
		c.answer(x)
	})
	return nil
}

// read reads a request.
func (c *conn) read() (*exchange, error) {
	h := &header{}
	if err := c.wire.readHeader(h); err != nil {
		return nil, err
	}
	mt := c.server.methods[h.ServiceMethod]
	if mt == nil {
		size, err := c.wire.readBody(nil, nil, c.server.config.maxMessage)
		if err = bodyFault(err); err != nil {
			return nil, err
		}
		return c.exchange(c.server.unrouted, h, size, ErrMethodNotFound), nil
	}
	into := reflect.New(mt.endpoint.Req)
	mt.rules.SetDefaults(into.Interface()) // of members that gob does not send
	size, err := c.wire.readBody(into.Interface(), mt.request, c.server.config.maxMessage)
	early, skipped := errors.AsType[*bodyError](err)
	if err != nil && !skipped {
		if endpoint.CodeOf(err) == endpoint.ResourceExhausted { // answered, and then the connection ends
			c.answer(c.exchange(mt, h, 0, err))
			return nil, errAnswered
		}
		return nil, err
	}
	c.source.share.Release()
	x := c.exchange(mt, h, size, nil)
	switch {
	case skipped:
		x.early = early.err
	case !c.server.config.json: // the format in JSON has checked them
		x.early = mt.rules.Check(into.Interface(), nil)
	}
	x.req = into
	return x, nil
}

var errAnswered = errors.New("the request was answered, and the rest of it is not read")

// bodyFault returns err, unless the next message can be read after it.
func bodyFault(err error) error {
	if _, ok := errors.AsType[*bodyError](err); ok {
		return nil
	}
	return err
}

// reject reports whether the connection ends because of what the client has sent, and not
// because it has gone. Layers and hooks then get a call of the operation that is Unrouted.
func (c *conn) reject(err error) bool {
	var fault error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && c.source.begun:
		fault = ErrMessageTimeout.WithCause(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return true // the connection was idle
	case errors.Is(err, errAnswered):
		return true
	case endpoint.CodeOf(err) == endpoint.ResourceExhausted || errors.Is(err, errNoRoom):
		fault = err
	case errors.Is(err, errHeader), errors.Is(err, errTypes), errors.Is(err, errBroken), isSyntax(err):
		fault = ErrInvalidRequest.WithCause(err)
	default:
		return false
	}
	x := c.exchange(c.server.unrouted, &header{}, 0, fault)
	if err := x.run(); err != nil {
		x.report(err)
	}
	return true
}

// isSyntax reports whether what came is not JSON, or not gob.
func isSyntax(err error) bool {
	if _, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return true
	}
	_, broken := errors.AsType[net.Error](err)
	return !broken && !isEnd(err)
}

// answer runs a call and sends its answer.
func (c *conn) answer(x *exchange) {
	exited := true
	defer func() {
		if exited { // the handler called runtime.Goexit
			c.send(x, &header{ServiceMethod: x.h.ServiceMethod, Seq: x.h.Seq, id: x.h.id, Error: problem.Text(errExited)}, nil)
		}
	}()
	h := &x.reply
	*h = header{ServiceMethod: x.h.ServiceMethod, Seq: x.h.Seq, id: x.h.id}
	body := []byte(nil)
	if err := x.run(); err != nil {
		h.Error = x.fail(err)
	} else {
		body = x.out
	}
	exited = false
	c.send(x, h, body)
}

var errExited = endpoint.Errorf(endpoint.Internal, "internal error")

// send sends an answer. A client that does not take it loses the connection.
func (c *conn) send(x *exchange, h *header, body []byte) {
	err := c.write(h, body)
	if err == nil {
		return
	}
	c.close()
	c.server.config.Hooks.Report(x.ctx, endpoint.Errorf(endpoint.Canceled, "the answer was not written: %w", err))
}

func (c *conn) write(h *header, body []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	message, err := c.message(c.written, h, body)
	c.written = reusable(message)
	if err != nil {
		return err
	}
	if timeout := c.server.config.replyTimeout; !isRecent(c.deadline, timeout) {
		c.deadline = time.Now()
		if err := c.net.SetWriteDeadline(c.deadline.Add(timeout)); err != nil {
			return err
		}
	}
	_, err = c.net.Write(message)
	return err
}

func (c *conn) message(dst []byte, h *header, body []byte) ([]byte, error) {
	c.encoding.Lock()
	defer c.encoding.Unlock()
	return c.wire.append(dst, h, body)
}

// encode returns the body of a response. It runs inside the layers, so it does not wait for a
// client that takes its time to read another answer.
func (c *conn) encode(v any, mt *method) ([]byte, error) {
	c.encoding.Lock()
	defer c.encoding.Unlock()
	return c.wire.encode(v, mt.response)
}

// exchange is one call while it is served. It is the request of the endpoint that the layers
// of a server are wrapped around.
type exchange struct {
	conn  *conn
	ctx   context.Context
	mt    *method
	h     *header
	reply header // that of the answer
	call  *endpoint.CallWriter
	req   reflect.Value // points to the request
	early error         // with which the call fails before its endpoint
	out   []byte
}

// exchange begins a call.
func (c *conn) exchange(mt *method, h *header, size int64, early error) *exchange {
	x := &exchange{conn: c, mt: mt, h: h, early: early}
	ctx := c.ctx
	if mt == c.server.unrouted && h.ServiceMethod != "" {
		ctx = withMethod(ctx, h.ServiceMethod)
	}
	x.ctx, x.call, _ = endpoint.StartCall(ctx, mt.op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	c.server.config.Hooks.WireOf(x.ctx, mt.stack)
	x.call.SetPeer(c.peer)
	x.call.AddBytes(size, 0)
	return x
}

// start takes the endpoint from its field and puts the layers around it.
func (mt *method) start() {
	mt.endpoint.Read()
	mt.serve = mt.stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		if x.early != nil {
			return endpoint.Empty{}, x.early
		}
		if mt.endpoint.IsNil() {
			return endpoint.Empty{}, shell.Unimplemented(mt.field.Name)
		}
		return endpoint.Empty{}, shell.Cancelled(ctx, mt.endpoint.Serve(ctx, x))
	})
}

// fail is the endpoint of calls that name no method.
func fail(_ context.Context, x *exchange) (endpoint.Empty, error) { return endpoint.Empty{}, x.early }

// run runs the layers and what is inside them. A panic is an error from here on.
func (x *exchange) run() error {
	return shell.Guard(nil, func() error {
		_, err := x.mt.serve(x.ctx, x)
		return err
	})
}

// fail returns the text of a call that failed with err.
func (x *exchange) fail(err error) (text string) {
	shell.Answer(err, func(err error) {
		text = problem.Text(x.mt.op.Outgoing(err))
		x.report(err)
	})
	return text
}

func (x *exchange) report(err error) { x.conn.server.config.Hooks.ReportCall(x.ctx, x.mt.op, err) }

// Decode takes the request of m, which has been read.
func (x *exchange) Decode(m *shell.Messages) error {
	reflect.ValueOf(m.Req).Elem().Set(x.req.Elem())
	return nil
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) (err error) {
	if x.out, err = x.conn.encode(m.Resp, x.mt); err != nil {
		return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	x.call.AddBytes(0, int64(len(x.out)))
	return nil
}
