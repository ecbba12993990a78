// Grpc serves endpoints over gRPC, with plain Go types, and calls each of them. The
// blocks marked "each endpoint" are repeated to measure what one more costs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var errNoID = errors.New("the request has no ID")

// each endpoint

// A Request0001 is a request that no other endpoint has.
type Request0001 struct {
	ID       string `json:"id"`
	Name0001 string `json:"name_0001"`
	Count    int    `json:"count"`
}

// A Response0001 is a response that no other endpoint has.
type Response0001 struct {
	ID        string `json:"id"`
	Total0001 int64  `json:"total_0001"`
	Price     int    `json:"price"`
}

func handle0001(_ context.Context, req Request0001) (Response0001, error) {
	if req.ID == "" {
		return Response0001{}, errNoID
	}
	return Response0001{ID: req.ID, Total0001: int64(req.Count) + 1}, nil
}

// end

// A Service has an endpoint of each.
type Service struct {
	// each endpoint
	Do0001 endpoint.Endpoint[Request0001, Response0001]
	// end
}

// GRPC describes the service.
func (s *Service) GRPC(m *grpcx.Methods) {
	m.Service("bench.Service")
	// each endpoint
	m.Unary("Do0001", &s.Do0001)
	// end
}

func newService() *Service {
	return &Service{
		// each endpoint
		Do0001: handle0001,
		// end
	}
}

// call calls each endpoint and checks the response.
func call(ctx context.Context, s *Service) error {
	// each endpoint
	if resp, err := s.Do0001(ctx, Request0001{ID: "0001", Count: 41}); err != nil || resp.ID != "0001" || resp.Total0001 != 42 {
		return wrong("0001", resp.ID, err)
	}
	// end
	return nil
}

func wrong(name, id string, err error) error {
	return errors.Join(fmt.Errorf("endpoint %s answered with the ID %q", name, id), err)
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	server := grpc.NewServer(grpcx.ServerOptions()...)
	if err := grpcx.Register(server, newService(), grpcx.Use(resilience.NewLimiter(1e6, 1e6))); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var c Service
	if err := grpcx.Client(grpcx.To(conn), &c, grpcx.Use(resilience.NewRetry(3))); err != nil {
		return err
	}
	return call(ctx, &c)
}
