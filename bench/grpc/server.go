package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"connectrpc.com/connect"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// fleet is a server of each kind, on sockets of this process, and a connection of
// grpc-go to each.
type fleet struct {
	addrs map[string]string
	conns map[string]*grpc.ClientConn
	stops []func()
}

// start starts the servers.
func start() (*fleet, error) {
	f := &fleet{addrs: map[string]string{}, conns: map[string]*grpc.ClientConn{}}
	for kind, register := range map[string]func(s *grpc.Server) error{
		kindRaw:    func(s *grpc.Server) error { echopb.RegisterEchoServer(s, generated{}); return nil },
		kindOurs:   func(s *grpc.Server) error { return grpcx.Register(s, &onMessages{messages.echo()}) },
		kindMapped: func(s *grpc.Server) error { return grpcx.Register(s, &mapped{plain.echo()}) },
		kindJSON:   func(s *grpc.Server) error { return grpcx.Register(s, &asJSON{plain.echo()}) },
		kindKit:    func(s *grpc.Server) error { echopb.RegisterEchoServer(s, newKitServer()); return nil },
	} {
		s := grpc.NewServer()
		if err := register(s); err != nil {
			return f, err
		}
		if err := f.serve(kind, func(l net.Listener) { _ = s.Serve(l) }, s.Stop); err != nil {
			return f, err
		}
	}
	h := &http.Server{Handler: connectHandler(), Protocols: unencrypted()}
	return f, f.serve(kindConnect, func(l net.Listener) { _ = h.Serve(l) }, func() { _ = h.Close() })
}

func (f *fleet) serve(kind string, run func(l net.Listener), stop func()) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go run(l)
	f.stops = append(f.stops, stop)
	f.addrs[kind] = l.Addr().String()
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	f.conns[kind] = conn
	return nil
}

func (f *fleet) stop() error {
	if f == nil {
		return nil
	}
	var errs []error
	for _, conn := range f.conns {
		errs = append(errs, conn.Close())
	}
	for _, stop := range f.stops {
		stop()
	}
	return errors.Join(errs...)
}

// kitServer is the generated server whose methods are go-kit's, as its examples
// bind them; it has no streams.
type kitServer struct {
	echopb.UnimplementedEchoServer

	say kitgrpc.Handler
}

func newKitServer() *kitServer {
	same := func(_ context.Context, v any) (any, error) { return v, nil }
	return &kitServer{say: kitgrpc.NewServer(
		func(_ context.Context, request any) (any, error) { return request.(*echopb.Note), nil }, same, same,
	)}
}

func (s *kitServer) Say(ctx context.Context, n *echopb.Note) (*echopb.Note, error) {
	_, resp, err := s.say.ServeGRPC(ctx, n)
	if err != nil {
		return nil, err
	}
	return resp.(*echopb.Note), nil
}

// connectHandler is the service on connect-go and net/http, which speaks gRPC too.
func connectHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(method string, h *connect.Handler) { mux.Handle("/"+serviceName+"/"+method, h) }
	handle("Say", connect.NewUnaryHandler("/"+serviceName+"/Say", func(_ context.Context, r *connect.Request[echopb.Note]) (*connect.Response[echopb.Note], error) {
		return connect.NewResponse(r.Msg), nil
	}))
	handle("Count", connect.NewServerStreamHandler("/"+serviceName+"/Count", func(_ context.Context, r *connect.Request[echopb.Note], s *connect.ServerStream[echopb.Note]) error {
		for i := range int(r.Msg.GetNumber()) {
			if err := s.Send(item(i)); err != nil {
				return err
			}
		}
		return nil
	}))
	handle("Sum", connect.NewClientStreamHandler("/"+serviceName+"/Sum", func(_ context.Context, s *connect.ClientStream[echopb.Note]) (*connect.Response[echopb.Note], error) {
		var total int64
		for s.Receive() {
			total += s.Msg().GetNumber()
		}
		return connect.NewResponse(&echopb.Note{Number: total}), s.Err()
	}))
	handle("Talk", connect.NewBidiStreamHandler("/"+serviceName+"/Talk", func(_ context.Context, s *connect.BidiStream[echopb.Note, echopb.Note]) error {
		for {
			n, err := s.Receive()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := s.Send(n); err != nil {
				return err
			}
		}
	}))
	return mux
}

func unencrypted() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}
