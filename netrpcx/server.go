package netrpcx

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/typedkit/endpoint"
)

// A Server serves a service on listeners. It is a part of package server:
//
//	s.Add(server.Listen("net/rpc", ":8083", rpc))
//
// Make one with [NewServer]. Its methods may be called concurrently.
type Server struct {
	config   config
	methods  map[string]*method
	unrouted *method

	mu        sync.Mutex // guards the fields below
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	draining  bool
	idle      chan struct{} // closed when there are no connections, while something waits
}

// NewServer returns a server of svc. Its error joins all that is wrong, each naming its
// place.
func NewServer(svc Service, opts ...Option) (*Server, error) {
	b := newBuild(endpoint.ServerSide, svc, opts)
	s := &Server{methods: map[string]*method{}, unrouted: &method{}, listeners: map[net.Listener]bool{}, conns: map[*conn]bool{}}
	op := s.unrouted.operation()
	op.Service, op.Name, op.Side, op.Unrouted = "netrpcx", "Server", endpoint.ServerSide, true
	s.unrouted.op = &op
	if b.Err() == nil {
		var err error
		if s.unrouted.stack, err = b.config.Layers.Bind(&op); err != nil {
			b.Fault("", fmt.Errorf("option Use: %w", err))
		}
	}
	if err := b.Err(); err != nil {
		return nil, err
	}
	for _, mt := range b.methods {
		mt.config = &s.config
		mt.start()
		s.methods[mt.name] = mt
	}
	s.config = b.config
	s.unrouted.config = &s.config
	s.unrouted.serve = s.unrouted.stack.Wrap(fail)
	return s, nil
}

// Serve accepts connections of l until Drain or Close is called, and then returns nil, even if
// that was before Serve. It closes l. Its error is that of l.
func (s *Server) Serve(l net.Listener) error {
	if !s.addListener(l) {
		_ = l.Close()
		return nil
	}
	defer s.removeListener(l)
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.isStopping() {
				return nil
			}
			return fmt.Errorf("netrpcx: %w", err)
		}
		c := newConn(s, nc)
		if !s.add(c) {
			_ = nc.Close()
			return nil
		}
		go c.serve()
	}
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.listeners[l] = true
	return true
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	_ = l.Close()
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// stop closes the listeners and calls end with each connection. It returns a channel that is
// closed when there are none.
func (s *Server) stop(end func(c *conn)) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for c := range s.conns {
		end(c)
	}
	if len(s.conns) == 0 {
		done := make(chan struct{})
		close(done)
		return done
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	return s.idle
}

// Drain accepts no more connections and reads no more requests. It returns when the calls in
// flight have been answered, or with the error of ctx.
func (s *Server) Drain(ctx context.Context) error {
	done := s.stop((*conn).drain)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("netrpcx: calls are still in flight: %w", ctx.Err())
	}
}

// Close closes all listeners and connections, and ends the contexts of the calls in flight.
func (s *Server) Close() error {
	s.stop((*conn).close)
	return nil
}
