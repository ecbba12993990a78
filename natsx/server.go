package natsx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
)

// A Server serves the services that [Register] adds to it, on one connection to NATS. It
// is a part of package server, which starts and drains it:
//
//	calls := natsx.NewServer(conn)
//	err := natsx.Register(calls, svc)
//	s.Add(server.Join("NATS", calls))
//
// The connection stays the program's to close, after the Server has stopped: a func of
// server.Close does that. Without package server, call [Server.Start] and
// [Server.Drain]. Make one with [NewServer]. A Server is safe for concurrent use.
type Server struct {
	conn *nats.Conn

	base, streams       context.Context // of calls, and of those with a response stream
	endBase, endStreams context.CancelCauseFunc
	closed              chan struct{} // closed when no more calls are accepted
	readers             readers

	mu       sync.Mutex // guards the fields below
	state    state
	methods  []*method
	subs     []*subscription
	inFlight int
	idle     chan struct{} // closed when inFlight is 0 after a drain; nil before
}

type state int

const (
	isNew state = iota
	isServing
	isDraining
	isClosed
)

// A subscription is one subject that a Server has subscribed to.
type subscription struct {
	*nats.Subscription
	ended chan struct{} // closed when the last request has been received
}

// NewServer returns a Server on conn. A nil connection is an error of [Register] and of
// Start.
func NewServer(conn *nats.Conn) *Server {
	s := &Server{conn: conn, closed: make(chan struct{})}
	s.base, s.endBase = context.WithCancelCause(context.Background())
	s.streams, s.endStreams = context.WithCancelCause(s.base)
	return s
}

var (
	errNilServer = errors.New("the server is nil; make it with NewServer")
	errNilConn   = errors.New("the connection of the server is nil")
	errStarted   = errors.New("natsx: the server was started before")
)

// fault returns what is wrong with a server, or nil.
func (s *Server) fault() error {
	switch {
	case s == nil || s.closed == nil:
		return errNilServer
	case s.conn == nil:
		return errNilConn
	}
	return nil
}

// Register serves every endpoint of svc on s, under the subjects that its method NATS
// describes. Several services may be registered before s starts. The error joins all that
// is wrong, each naming its place, and then nothing was registered.
func Register(s *Server, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	if err := s.fault(); err != nil {
		b.Fault("", err)
		return b.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != isNew {
		b.Fault("", errors.New("the server has started; register before that"))
	}
	for _, mt := range b.methods {
		for _, other := range s.methods {
			if mt.subject == other.subject {
				b.Fault(mt.field.Path, fmt.Errorf("the subject %s is registered already, for %s", mt.subject, other.field.Path))
			}
		}
	}
	if err := b.Err(); err != nil {
		return err
	}
	for _, mt := range b.methods {
		mt.serve()
	}
	s.methods = append(s.methods, b.methods...)
	return nil
}

// Start subscribes to the subjects of all services. If the connection is not
// established yet, nats.go subscribes when it is. With an error, s has no
// subscription. A Server starts once.
func (s *Server) Start() error {
	if err := s.fault(); err != nil {
		return fmt.Errorf("natsx: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != isNew {
		return errStarted
	}
	s.state = isServing
	if err := s.subscribe(); err != nil {
		s.unsubscribe()
		s.state = isClosed
		close(s.closed)
		return fmt.Errorf("natsx: %w", err)
	}
	return nil
}

// startTime bounds the wait for the NATS server to know the subscriptions.
const startTime = 10 * time.Second

// subscribe subscribes to all subjects. s.mu is held.
func (s *Server) subscribe() error {
	if err := s.readers.start(s.conn); err != nil {
		return err
	}
	for _, mt := range s.methods {
		sub, err := s.conn.QueueSubscribe(mt.subject, queueOf(mt.subject), func(msg *nats.Msg) { s.receive(mt, msg) })
		if err != nil {
			return fmt.Errorf("cannot subscribe to %s: %w", mt.subject, err)
		}
		ended := make(chan struct{})
		sub.SetClosedHandler(func(string) { close(ended) })
		s.subs = append(s.subs, &subscription{sub, ended})
	}
	if !s.conn.IsConnected() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	return s.conn.FlushWithContext(ctx)
}

// unsubscribe ends all subscriptions. s.mu is held.
func (s *Server) unsubscribe() {
	s.readers.stop()
	for _, sub := range s.subs {
		_ = sub.Unsubscribe() // it fails if the connection is closed
	}
}

// Serve starts s, unless it has started, and returns nil when [Server.Drain] or
// [Server.Close] was called. It returns an error if s cannot start, and if the connection
// is closed before that. It is for package server, which passes a nil listener to a
// part of server.Join. Another one is closed, and is an error.
func (s *Server) Serve(l net.Listener) error {
	if l != nil {
		_ = l.Close()
		return errors.New("natsx: NATS needs no listener; add the server by server.Join")
	}
	if err := s.Start(); err != nil && !errors.Is(err, errStarted) {
		return err
	}
	closed := s.conn.StatusChanged(nats.CLOSED)
	defer s.conn.RemoveStatusListener(closed)
	if s.conn.IsClosed() {
		return s.lost()
	}
	select {
	case <-s.closed:
		return nil
	case <-closed:
		return s.lost()
	}
}

// lost returns the error of a server whose connection is closed.
func (s *Server) lost() error {
	select {
	case <-s.closed:
		return nil
	default:
	}
	if err := s.conn.LastError(); err != nil {
		return fmt.Errorf("natsx: the connection is closed: %w", err)
	}
	return errors.New("natsx: the connection is closed")
}

// Drain stops s gracefully: it unsubscribes, serves the requests that have come, ends
// response streams with the code Unavailable, and returns when all calls have ended and
// their responses were sent. If ctx ends before, it returns the error of ctx, and calls go
// on: Close ends them. Before Start, it keeps s from starting.
func (s *Server) Drain(ctx context.Context) error {
	if err := s.fault(); err != nil {
		return fmt.Errorf("natsx: %w", err)
	}
	for _, sub := range s.startDrain() {
		select {
		case <-sub.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case <-s.whenIdle():
	case <-ctx.Done():
		return ctx.Err()
	}
	s.readers.stop()
	return s.flush(ctx)
}

// startDrain starts to end the subscriptions, and returns them.
func (s *Server) startDrain() []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state < isDraining {
		s.state = isDraining
		close(s.closed)
		for _, sub := range s.subs {
			_ = sub.Drain() // it fails if the connection is closed
		}
		s.endStreams(errStopping.WithRetryAfter(time.Second))
	}
	if s.conn.IsClosed() {
		return nil
	}
	return s.subs
}

// whenIdle returns a channel that is closed when there are no calls. It is for a server
// whose subscriptions have ended.
func (s *Server) whenIdle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle == nil {
		s.idle = make(chan struct{})
		if s.inFlight == 0 {
			close(s.idle)
		}
	}
	return s.idle
}

// flush waits until the NATS server has all responses.
func (s *Server) flush(ctx context.Context) error {
	if s.conn == nil || !s.conn.IsConnected() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := s.conn.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("natsx: the last responses were not sent: %w", err)
	}
	return nil
}

// Close ends everything immediately: it unsubscribes, and the contexts of the calls in
// flight end. It does not wait for their handlers, and returns nil. The connection stays
// open.
func (s *Server) Close() error {
	if err := s.fault(); err != nil {
		return fmt.Errorf("natsx: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state < isDraining {
		close(s.closed)
	}
	if s.state != isClosed {
		s.state = isClosed
		s.unsubscribe()
		s.endBase(errStopping.WithRetryAfter(time.Second))
	}
	return nil
}

// enter counts a call. It reports whether calls are accepted.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == isClosed {
		return false
	}
	s.inFlight++
	return true
}

// leave counts the end of a call.
func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if s.idle != nil && s.inFlight == 0 {
		close(s.idle)
	}
}
