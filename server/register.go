package server

import (
	"context"
	"fmt"
	"maps"
	"net"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/server/internal/advertise"
)

// A registration is one instance that a registrar is told of.
type registration struct {
	registrar discover.Registrar
	instance  discover.Instance
}

// A RegisterOption is an option of [Register].
type RegisterOption interface {
	applyRegister(s *Server, r *registration)
}

type registerOption func(s *Server, r *registration)

func (o registerOption) applyRegister(s *Server, r *registration) { o(s, r) }

// Register registers the listener once the server is ready, that is, once all critical
// checks have passed. The registrar keeps the instance known until the stop, even while a
// check fails, and then has three seconds to take it out. The server does not wait for the
// registration, and an error of the registrar is an event "failed": calls are served anyway.
// Several Register options use several registries. A nil registrar, a nil option, and a
// listener on a unix socket are faults.
//
// The address is the host of [Advertise], or the host of the listener if that is a single
// one, or else the address from which this machine sends to where its default route leads;
// without a route Run fails. The metadata has
// "service" (the name of the server, for gRPC with ".grpc"), "transport" ("http", "grpc" or
// the name of the listener in lower case), "admin" (the address of [Admin], if others can
// reach it), and what [Watch] knows of objectives.
func Register(r discover.Registrar, opts ...RegisterOption) ListenOption {
	return listenOption(func(s *Server, l *listener) {
		if service.IsNil(r) {
			s.fault("%s: Register: the registrar is nil", l.name)
			return
		}
		reg := &registration{registrar: r}
		for i, o := range opts {
			if o == nil {
				s.fault("%s: Register: option %d is nil", l.name, i)
				continue
			}
			o.applyRegister(s, reg)
		}
		l.registrations = append(l.registrations, reg)
	})
}

// As sets the weight, zone, priority and metadata of the registered instance. Metadata adds
// to that of [Register], and an address replaces the one that the server finds.
func As(in discover.Instance) RegisterOption {
	return registerOption(func(_ *Server, r *registration) { r.instance = in })
}

// Advertise sets the host under which others reach the server, in place of the one that
// [Register] finds. The port is the listener's. An empty host is a fault.
func Advertise(host string) Option {
	return option(func(s *Server) {
		s.check(host != "", "Advertise: the host is empty")
		s.config.host = host
	})
}

// instanceOf returns what the registrar is told.
func (s *Server) instanceOf(ctx context.Context, l *listener, r *registration) (discover.Instance, error) {
	in := r.instance
	meta := map[string]string{"service": s.name + l.suffix, "transport": l.transport()}
	if addr := s.adminAddress(ctx); addr != "" {
		meta["admin"] = addr
	}
	for _, w := range s.watched {
		if m, ok := w.(interface{ Metadata() map[string]string }); ok {
			maps.Copy(meta, m.Metadata())
		}
	}
	maps.Copy(meta, in.Meta)
	in.Meta = meta
	if in.Addr != "" {
		return in, nil
	}
	var err error
	if in.Addr, err = advertise.Address(ctx, s.config.host, l.bound.Addr()); err != nil {
		return in, fmt.Errorf("%s: Register: %w", l.name, err)
	}
	return in, nil
}

// adminAddress returns the address of the admin listener, or "" if others cannot reach it.
func (s *Server) adminAddress(ctx context.Context) string {
	for _, l := range s.listeners {
		if !l.admin || l.bound == nil {
			continue
		}
		if tcp, ok := l.bound.Addr().(*net.TCPAddr); !ok || tcp.IP.IsLoopback() {
			continue
		}
		if addr, err := advertise.Address(ctx, s.config.host, l.bound.Addr()); err == nil {
			return addr
		}
	}
	return ""
}

// register runs the registrations of all listeners, from when the server is ready until ctx
// ends.
func (r *running) register(ctx context.Context) {
	for _, l := range r.server.listeners {
		for _, reg := range l.registrations {
			r.registered.Go(func() {
				err := errExited
				defer func() {
					if err != nil && !isStop(err) {
						r.server.emit("failed", "registration of "+l.name, err)
					} else {
						r.server.emit("deregistered", l.name, nil)
					}
				}()
				select {
				case <-r.server.becameReady:
				case <-ctx.Done(): // it was never ready
					err = nil
					return
				}
				err = caught(func() error { return reg.registrar.Register(ctx, reg.instance) })
			})
		}
	}
}
