package netrpcx

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
)

// Client sets every endpoint of svc to a call of the server behind to, as its method RPC
// describes it. to is one server ([To]) or a pool of them. Its error joins all that is wrong,
// each naming its place, and then nothing was set.
//
// Errors of calls are *endpoint.Error: those that the server answered are Remote and match
// those it declares; others are Canceled, DeadlineExceeded, or Unavailable when the server
// could not be reached or broke off. An error of a call that is not idempotent and may have
// been sent is not retryable. A call whose context ends closes its connection.
func Client(to endpoint.Target[*Conn], svc Service, opts ...Option) error {
	b := newBuild(endpoint.ClientSide, svc, opts)
	b.Target(to)
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		c := &client{mt}
		path := &shell.Client[*Conn]{
			Op: mt.op, Target: shell.TargetFor(to, mt.op), Stack: mt.stack, Timeout: b.config.Timeout,
			Begin: c.begin, Unary: c.unary,
		}
		path.Connect(mt.endpoint)
	}
	b.SetOmitted()
	return nil
}

// client is one method on the client's side.
type client struct{ mt *method }

func (c *client) begin(ctx context.Context) (context.Context, error) {
	ctx, _, err := endpoint.StartCall(ctx, c.mt.op, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(nil))
	return ctx, err
}

// unary makes one exchange for the request of v, a *shell.Messages.
func (c *client) unary(ctx context.Context, conn *Conn, v any) (any, error) {
	m := v.(*shell.Messages)
	resp := m.Place()
	_, w, err := shell.Outgoing(ctx) // which checks headers, although they are not sent
	if err != nil {
		return nil, err
	}
	s, err := conn.open(ctx, c.mt.config)
	if err != nil {
		return nil, err
	}
	answered := false
	defer func() {
		if answered {
			conn.idle(c.mt.config).put(s)
		} else {
			s.end(errAbandoned)
		}
	}()
	w.SetPeer(s.peer)
	call := &call{mt: c.mt, resp: resp, done: make(chan struct{})}
	size, err := s.send(ctx, call, m.Req)
	if err != nil {
		return nil, err
	}
	w.AddBytes(size, 0)
	select {
	case <-call.done:
	case <-ctx.Done():
		return nil, c.sent(shell.ContextError(ctx))
	}
	answered = !s.hasEnded()
	return resp, c.ended(ctx, call, w)
}

var errAbandoned = errors.New("the call was abandoned")

// ended returns the outcome of a call.
func (c *client) ended(ctx context.Context, call *call, w *endpoint.CallWriter) error {
	if call.panicked != nil {
		panic(call.panicked.Value)
	}
	w.AddBytes(0, call.size)
	switch {
	case call.remote != nil:
		w.SetStatus(int(call.remote.Code()))
		return c.sent(call.remote)
	case call.err == nil:
		return nil
	case ctx.Err() != nil:
		return c.sent(shell.ContextError(ctx))
	}
	return c.sent(call.err)
}

// sent marks the error of a call that reached the server, if a repeat of it could do harm.
func (c *client) sent(err error) error {
	if c.mt.op.Idempotent {
		return err
	}
	return endpoint.MarkMaybeSent(err)
}

// call is one call of a session. The reader of the session sets its outcome and closes done.
type call struct {
	mt   *method
	resp any // points to the response
	seq  uint64
	done chan struct{}

	size     int64
	remote   *endpoint.Error      // that the server answered
	err      error                // of this end
	panicked *endpoint.PanicError // of a method of the response
}

// session is one connection of a client. It has one call at a time. One goroutine reads the
// responses, and notices when the server ends the connection.
type session struct {
	net   net.Conn
	peer  string
	wire  wire
	limit int64
	since time.Time // when it became idle
	sent  []byte    // the last message, whose memory is used again

	buffered bool // the system keeps what is written until the server takes it

	mu   sync.Mutex // guards the fields below
	seq  uint64
	call *call // that waits for an answer
	over error // why the session has ended
}

func newSession(nc net.Conn, c *config, limit int64) *session {
	return &session{net: nc, peer: nc.RemoteAddr().String(), buffered: hasBuffer(nc), limit: limit, wire: newWire(&source{conn: nc}, c, false, limit)}
}

func (s *session) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over != nil
}

// send sends the request of a call, and returns its size. It does not wait beyond the end of
// ctx.
func (s *session) send(ctx context.Context, c *call, req any) (int64, error) {
	body, err := s.wire.encode(req, c.mt.request)
	if err != nil {
		return 0, shell.Failure(endpoint.InvalidArgument, "cannot write the request: %w", err)
	}
	if err := s.add(c); err != nil {
		return 0, err
	}
	message, err := s.wire.append(s.sent, &header{ServiceMethod: c.mt.name, Seq: c.seq}, body)
	if err == nil {
		err = s.write(ctx, message)
	}
	s.sent = reusable(message)
	if err != nil {
		s.end(err) // which ends the call
	}
	return int64(len(body)), nil
}

// small is how many bytes a socket takes at once that has nothing else to send: the least
// buffer that systems give one.
const small = 4 << 10

// write sends a request. It ends the session if ctx ends while the server takes no bytes.
func (s *session) write(ctx context.Context, message []byte) (err error) {
	if len(message) > small || !s.buffered {
		stop := context.AfterFunc(ctx, func() { s.end(errAbandoned) })
		defer stop()
	}
	_, err = s.net.Write(message)
	return err
}

// hasBuffer reports whether the system has a buffer for what is written to nc.
func hasBuffer(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// add makes c the call of the session.
func (s *session) add(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the connection has ended: %w", bounds.Quiet(s.over)))
	}
	s.seq++
	c.seq, s.call = s.seq, c
	return nil
}

// take returns the call with the number, and removes it. It returns nil if there is none.
func (s *session) take(seq uint64) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.call
	if c == nil || c.seq != seq {
		return nil
	}
	s.call = nil
	return c
}

// end ends the session, and its call.
func (s *session) end(err error) {
	s.mu.Lock()
	if s.over == nil {
		s.over = err
	}
	c := s.call
	s.call = nil
	s.mu.Unlock()
	_ = s.net.Close()
	if c != nil {
		c.err = broken(err)
		close(c.done)
	}
}

// broken returns the error of a call whose connection ended.
func broken(err error) error {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e.Code() == endpoint.ResourceExhausted {
		return err
	}
	return shell.Failure(endpoint.Unavailable, "the connection broke: %w", bounds.Quiet(err))
}

var errUnasked = errors.New("the server answered a call that there is not")

var errExitedReader = errors.New("a method of a response called runtime.Goexit")

// read reads responses until the connection ends.
func (s *session) read() {
	for s.receive() {
	}
}

// receive reads one response. After one that nothing can be read behind, it ends the session
// and returns false.
func (s *session) receive() bool {
	var c *call
	fault := errExitedReader
	defer func() {
		if fault != nil {
			s.end(fault) // before its call goes on and leaves the session to another
		}
		if c != nil {
			close(c.done)
		}
	}()
	h := &header{}
	if fault = s.wire.readHeader(h); fault != nil {
		return false
	}
	if c = s.take(h.Seq); c == nil {
		fault = errUnasked
		return false
	}
	fault = errExitedReader
	if h.Error != "" {
		_, err := s.wire.readBody(nil, nil, s.limit)
		c.remote, c.size = errorOf(h.Error), int64(len(h.Error))
		fault = bodyFault(err)
		return fault == nil
	}
	var err error
	c.size, err = s.wire.readBody(c.resp, c.mt.response, s.limit)
	c.fail(err, s.limit)
	fault = bodyFault(err)
	return fault == nil
}

// fail sets the outcome of a call whose response could not be read.
func (c *call) fail(err error, limit int64) {
	if err == nil {
		return
	}
	skipped, ok := errors.AsType[*bodyError](err)
	if !ok {
		c.err = broken(err)
		return
	}
	if errors.As(skipped.err, &c.panicked) {
		return
	}
	if errors.Is(skipped.err, ErrMessageTooLarge) {
		c.err = shell.Failure(endpoint.ResourceExhausted, "the response is larger than %d bytes", limit)
		return
	}
	if e, ok := shell.FromDecoder(skipped.err); ok && !errors.Is(skipped.err, codec.ErrInvalid) {
		c.remote = e
		return
	}
	c.err = shell.Failure(endpoint.Internal, "the response cannot be read: %w", shell.Unreadable(skipped.err))
}
