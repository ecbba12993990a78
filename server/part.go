package server

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// A Part is a transport on a listener. Its methods may be called concurrently.
//
// A Part may have a method SetReady(ready bool), which is called whenever the server
// becomes ready or not ready, and a method Draining(), which is called once at the
// beginning of a stop, when the server is not ready but still serves.
type Part interface {
	// Serve serves on l until Drain or Close is called, and then returns nil. Before that,
	// any return, a nil too, means that the part has failed. It closes l, which is nil for
	// a part of [Join].
	Serve(l net.Listener) error
	// Drain makes Serve return: no new calls are accepted. Drain itself returns when the
	// calls in flight have ended, or with an error soon after the end of ctx.
	Drain(ctx context.Context) error
	// Close ends everything at once. It may be called after Drain, and while Drain runs.
	Close() error
}

// Listen adds a transport that serves on an address. The name stands in logs and in the
// line of [Announce]. An empty or double name, a malformed address, a nil part and a nil
// option are faults.
//
// An address is "host:port", with an empty host for all interfaces; "unix:PATH", a socket
// that the owner and the group of the process may connect to; or "systemd:NAME", the
// socket that systemd passed under this name, or "systemd:", the only one that it passed.
// [AddrVar] reads it from a flag.
func Listen(name, addr string, p Part, opts ...ListenOption) Item {
	return item(func(s *Server) { s.listen(&listener{name: name, addr: addr, part: p}, opts) })
}

// Join adds a transport that has no address: its calls come over a connection that the
// part has, such as one to a broker. The part starts, drains and stops with the
// listeners, and its Serve gets a nil listener. The name stands in logs. An empty or
// double name and a nil part are faults.
func Join(name string, p Part) Item {
	// See decision 190.
	return item(func(s *Server) { s.listen(&listener{name: name, part: p, joined: true}, nil) })
}

// A ListenOption is an option of one listener.
type ListenOption interface{ applyListen(s *Server, l *listener) }

type listenOption func(s *Server, l *listener)

func (o listenOption) applyListen(s *Server, l *listener) { o(s, l) }

// Named sets the name of a listener in place of its default: in logs, in the line of
// [Announce] and in faults. An empty name is a fault.
func Named(name string) ListenOption {
	return listenOption(func(_ *Server, l *listener) { l.name = name })
}

// A listener is an address with the part that serves on it.
type listener struct {
	name, addr    string
	part          Part
	joined        bool   // it has no address
	lasting       bool   // it serves until the end of the stop
	admin         bool   // it is that of Admin
	suffix        string // of the name in a registry
	registrations []*registration

	limits edge.Limits
	bound  *edge.Listener // during Run
	fate   fate
}

// listen adds a listener.
func (s *Server) listen(l *listener, opts []ListenOption) {
	l.limits = s.config.limits
	for i, o := range opts {
		if o == nil {
			s.fault("%s: option %d is nil", l.name, i)
			continue
		}
		o.applyListen(s, l)
	}
	if l.joined {
		s.check(l.name != "", "Join: the name is empty")
	} else {
		s.check(l.name != "", "the listener on %q has no name", l.addr)
		if err := edge.CheckAddr(l.addr); err != nil {
			s.fault("%s: %w", l.name, err)
		}
	}
	for _, r := range l.registrations {
		s.check(r.instance.Addr != "" || !edge.IsUnix(l.addr), "%s: Register: other hosts cannot reach %s", l.name, l.addr)
	}
	s.check(!service.IsNil(l.part), "the listener %q: the part is nil", l.name)
	for _, other := range s.listeners {
		s.check(l.name != other.name, "two listeners have the name %s", l.name)
	}
	s.listeners = append(s.listeners, l)
}

// setReady tells the part, if it wants to know.
func (l *listener) setReady(ready bool) {
	if p, ok := l.part.(interface{ SetReady(ready bool) }); ok {
		p.SetReady(ready)
	}
}

// draining tells the part, if it wants to know.
func (l *listener) draining() {
	if p, ok := l.part.(interface{ Draining() }); ok {
		p.Draining()
	}
}

var errEnded = errors.New("stopped serving by itself")

// transport names the transport in the metadata of a registry.
func (l *listener) transport() string {
	switch l.part.(type) {
	case *httpPart:
		return "http"
	case *grpcPart:
		return "grpc"
	}
	return strings.ToLower(l.name)
}
