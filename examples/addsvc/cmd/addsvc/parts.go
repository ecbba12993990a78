package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/addsvc"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
)

// A part is one server of the program.
type part struct {
	name, addr string
	serve      func(l net.Listener) error
	drain      func(ctx context.Context) error // finishes the calls in flight while ctx lasts
}

// handshakeTime is what a new connection gets for the handshake of gRPC. The end of
// the program waits for those that are in it, so it is far less than drainTime.
const handshakeTime = 5 * time.Second

// newParts returns the servers of the service, with the layers around it.
func newParts(log *slog.Logger, httpAddr, grpcAddr string, layers ...endpoint.Layer) ([]part, error) {
	options := append(grpcx.ServerOptions(), grpc.ConnectionTimeout(handshakeTime))
	router, calls := chi.NewRouter(), grpc.NewServer(options...)
	health, err := register(router, calls, layers...)
	if err != nil {
		return nil, err
	}
	handler := httpx.Problems(router, httpx.Use(layers...))
	return []part{httpPart("HTTP", httpAddr, handler, log), grpcPart(grpcAddr, calls, health)}, nil
}

// snippet: server

// register serves one service on both transports, with the same layers around it.
func register(router chi.Router, calls *grpc.Server, layers ...endpoint.Layer) (*grpcx.HealthServer, error) {
	svc := addsvc.New()
	mounted := errors.Join(
		httpx.Mount(router, svc, httpx.Use(layers...)),
		grpcx.Register(calls, svc, grpcx.Use(layers...)),
	)
	health, err := grpcx.Health(calls)
	return health, errors.Join(mounted, err, grpcx.Reflect(calls))
}

// end snippet

func httpPart(name, addr string, h http.Handler, log *slog.Logger) part {
	s := httpserver.New(h, log)
	return part{
		name: name, addr: addr,
		serve: func(l net.Listener) error {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
		drain: func(ctx context.Context) error {
			if err := s.Shutdown(ctx); err != nil {
				return errors.Join(err, s.Close())
			}
			return nil
		},
	}
}

func grpcPart(addr string, s *grpc.Server, health *grpcx.HealthServer) part {
	return part{
		name: "gRPC", addr: addr,
		serve: func(l net.Listener) error {
			if err := s.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
				return err
			}
			return nil // it was stopped before it began
		},
		drain: func(ctx context.Context) error {
			health.Shutdown() // clients leave, and no Watch holds what follows
			stop := context.AfterFunc(ctx, s.Stop)
			s.GracefulStop() // ends early when Stop is called
			if !stop() {
				return ctx.Err()
			}
			return nil
		},
	}
}
