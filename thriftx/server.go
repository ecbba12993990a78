package thriftx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// A Server serves the methods of all services that are registered on it. It reads one
// request of a connection at a time, each on the goroutine of its connection, and bounds
// what clients send; see the options. It is a part for package server:
//
//	s.Add(server.Listen("Thrift", ":8083", calls))
//
// Make one with [NewServer]. A Server is safe for concurrent use. See decision 195.
type Server struct {
	wire
	idleTimeout, messageTimeout, writeTimeout time.Duration
	maxConns                                  int
	reading                                   *service.Budget

	ctx  context.Context // of all calls
	stop context.CancelFunc

	mu        sync.Mutex // guards the fields below
	methods   map[string]*method
	listeners map[net.Listener]struct{}
	conns     map[*serverConn]struct{}
	draining  bool
	serving   sync.WaitGroup // Add holds mu, and draining is false

	drained chan struct{} // closed when the server drains and has no connection
	once    sync.Once     // closes it
}

// NewServer returns a Server without methods. Faults of its options are those of
// [Register] and Serve.
func NewServer(opts ...ServerOption) *Server {
	s := &Server{
		limit:       defaultLimit,
		idleTimeout: 2 * time.Minute, messageTimeout: 10 * time.Second, writeTimeout: 30 * time.Second,
		maxConns: 1024, reading: service.NewBudget(service.DefaultReadBudget),
		methods: map[string]*method{}, listeners: map[net.Listener]struct{}{}, conns: map[*serverConn]struct{}{},
		drained: make(chan struct{}),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, o := range opts {
		if o == nil {
			s.fault("NewServer: a nil option")
			continue
		}
		o.applyServer(s)
	}
	return s
}

// Register serves every endpoint of svc on s, by the methods that its method Thrift
// describes. Its error joins all that is wrong, each naming its place, and then nothing
// was registered. Methods may be registered while s serves.
func Register(s *Server, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	if s == nil {
		b.Fault("", errors.New("the server is nil"))
		return b.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mt := range b.methods {
		if s.methods[mt.name] != nil {
			b.Fault(mt.field.Path, fmt.Errorf("the method %q is registered already", mt.name))
		}
	}
	b.checkMetadata(s.dialect)
	if err := errors.Join(append(s.faults, b.Err())...); err != nil {
		return err
	}
	for _, mt := range b.methods {
		mt.dialect = s.dialect
		mt.prepare()
		s.methods[mt.name] = mt
	}
	return nil
}

// Serve accepts connections of l until Drain or Close is called, and then returns nil. It
// closes l. An error is that of l, or has the faults of NewServer. Several listeners may be
// served at a time.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }()
	if err := errors.Join(s.faults...); err != nil {
		return err
	}
	if !s.open(l) {
		return nil
	}
	defer s.forget(l)
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.start(conn)
		case s.isDraining():
			return nil
		case isTemporary(err):
			if !pause(s.ctx, 50*time.Millisecond) {
				return nil
			}
		default:
			return fmt.Errorf("thriftx: %w", err)
		}
	}
}

// isTemporary reports whether another Accept may succeed: a process may be out of files.
func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// pause reports whether it waited for d, and not for the end of ctx.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) open(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.draining {
		s.listeners[l] = struct{}{}
	}
	return !s.draining
}

func (s *Server) forget(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// start serves a connection on a goroutine of its own.
func (s *Server) start(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || len(s.conns) >= s.maxConns {
		_ = conn.Close()
		return
	}
	c := &serverConn{server: s, link: newLink(conn, s.dialect, s.limit), idle: true}
	s.conns[c] = struct{}{}
	s.serving.Go(c.serve)
}

// method returns the method of this name, or nil.
func (s *Server) method(name string) *method {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.methods[name]
}

// Drain accepts no more connections and requests, and returns when the calls in flight have
// been answered, or with the cause of the end of ctx.
func (s *Server) Drain(ctx context.Context) error {
	s.drain(false)
	select {
	case <-s.drained:
		s.stop()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close closes all connections and ends the contexts of all calls. It returns nil when the
// calls have ended.
func (s *Server) Close() error {
	s.stop()
	s.drain(true)
	s.serving.Wait()
	return nil
}

// drain closes the listeners, and the connections that are idle, or all.
func (s *Server) drain(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for c := range s.conns {
		if all || c.idle {
			_ = c.link.Close()
		}
	}
	s.checkDrained()
}

// checkDrained notes that the last connection is gone. The caller holds mu.
func (s *Server) checkDrained() {
	if s.draining && len(s.conns) == 0 {
		s.once.Do(func() { close(s.drained) })
	}
}
