package server

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/typedkit/endpoint/internal/service"
)

// A GRPCServer is a *grpc.Server, or anything that serves and stops as it does.
type GRPCServer interface {
	Serve(l net.Listener) error
	// GracefulStop accepts no more calls, and returns when those in flight have ended.
	GracefulStop()
	// Stop ends everything at once, and a GracefulStop that waits.
	Stop()
}

// A GRPCHealth is the health service of a gRPC server, as grpcx.Health returns it.
type GRPCHealth interface {
	// SetReady tells clients whether the server is ready.
	SetReady(ready bool)
	// Shutdown ends the calls that watch the health, which GracefulStop would wait for.
	Shutdown()
}

// GRPC adds a listener with the name "gRPC" that serves calls, with what health serves
// following the server: not ready at first, and again as soon as it stops. health may be
// nil. A malformed address, nil calls and a nil option are faults.
func GRPC(addr string, calls GRPCServer, health GRPCHealth, opts ...ListenOption) Item {
	return item(func(s *Server) {
		s.check(!service.IsNil(calls), "gRPC: the server is nil")
		if service.IsNil(health) {
			health = nil // grpcx.Health returns a nil pointer with its error
		} else {
			health.SetReady(false)
		}
		s.listen(&listener{name: "gRPC", addr: addr, suffix: ".grpc", part: &grpcPart{calls: calls, health: health}}, opts)
	})
}

// grpcPart serves gRPC.
type grpcPart struct {
	calls  GRPCServer
	health GRPCHealth

	mu         sync.Mutex // guards the fields below
	handshakes map[*handshake]struct{}
	draining   bool
}

func (p *grpcPart) SetReady(ready bool) {
	if p.health != nil {
		p.health.SetReady(ready)
	}
}

// Serve returns nil if the stop came first: grpc-go then refuses to serve, with an error.
func (p *grpcPart) Serve(l net.Listener) error {
	err := p.calls.Serve(&handshakes{l, p})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return nil
	}
	return err
}

// Drain also closes connections that are still in their handshake. GracefulStop would wait
// for them, and anybody could open one and say nothing.
func (p *grpcPart) Drain(ctx context.Context) error {
	if p.health != nil {
		p.health.Shutdown()
	}
	p.mu.Lock()
	p.draining = true
	for h := range p.handshakes {
		_ = h.Conn.Close()
	}
	p.mu.Unlock()
	return bounded(ctx, func(context.Context) error {
		p.calls.GracefulStop()
		return nil
	})
}

func (p *grpcPart) Close() error {
	p.calls.Stop()
	return nil
}

// handshakes is a listener that knows which of its connections are in their handshake.
type handshakes struct {
	net.Listener
	part *grpcPart
}

func (l *handshakes) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	h := &handshake{conn, l.part}
	l.part.mu.Lock()
	defer l.part.mu.Unlock()
	if l.part.draining {
		_ = conn.Close()
	} else {
		if l.part.handshakes == nil {
			l.part.handshakes = map[*handshake]struct{}{}
		}
		l.part.handshakes[h] = struct{}{}
	}
	return h, nil
}

// A handshake is a connection. grpc-go sets a deadline for the handshake, and removes it
// when that is over.
type handshake struct {
	net.Conn
	part *grpcPart
}

func (h *handshake) SetDeadline(t time.Time) error {
	if t.IsZero() {
		h.over()
	}
	return h.Conn.SetDeadline(t)
}

func (h *handshake) Close() error {
	h.over()
	return h.Conn.Close()
}

func (h *handshake) over() {
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	delete(h.part.handshakes, h)
}

// SyscallConn gives grpc-go the socket, where there is one.
func (h *handshake) SyscallConn() (syscall.RawConn, error) {
	if conn, ok := h.Conn.(syscall.Conn); ok {
		return conn.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
