// Connect serves endpoints with connect-go, and calls each of them. Their code is that
// which protoc-gen-connect-go generates, but for the messages: plain Go types, written
// as JSON. The blocks marked "each endpoint" are repeated to measure what one more costs.
package main

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"golang.org/x/time/rate"
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

const (
	// each endpoint
	serviceDo0001Procedure = "/bench.Service/Do0001"
	// end
)

// each endpoint
var serviceDo0001Spec = sync.OnceValue(func() connect.Spec {
	return connect.Spec{
		StreamType: connect.StreamTypeUnary,
		Procedure:  serviceDo0001Procedure,
	}
})

// end

// A ServiceClient is a client for the service.
type ServiceClient interface {
	// each endpoint
	Do0001(context.Context, *Request0001) (*Response0001, error)
	// end
}

// NewServiceClient returns a client for the service.
func NewServiceClient(client *connect.Client) ServiceClient {
	return &serviceClient{client: client}
}

// A ServiceHandler is an implementation of the service.
type ServiceHandler interface {
	// each endpoint
	Do0001(context.Context, *Request0001) (*Response0001, error)
	// end
}

// RegisterServiceHandler registers svc on server.
func RegisterServiceHandler(server *connect.Server, svc ServiceHandler) {
	adapter := serviceHandler{svc: svc}
	server.Register(
		// each endpoint
		connect.Method{Spec: serviceDo0001Spec(), Handler: adapter.do0001},
		// end
	)
}

type serviceClient struct {
	client *connect.Client
}

type serviceHandler struct{ svc ServiceHandler }

// each endpoint

func (c *serviceClient) Do0001(ctx context.Context, req *Request0001) (*Response0001, error) {
	var res Response0001
	if err := c.client.CallUnary(ctx, serviceDo0001Spec(), req, &res); err != nil {
		return nil, err
	}
	return &res, nil
}

func (h serviceHandler) do0001(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	var req Request0001
	if err := stream.Receive(&req); err != nil {
		return err
	}
	res, err := h.svc.Do0001(ctx, &req)
	if err != nil {
		return err
	}
	return stream.Send(res)
}

// Do0001 implements an endpoint.
func (implementation) Do0001(ctx context.Context, req *Request0001) (*Response0001, error) {
	resp, err := handle0001(ctx, *req)
	return &resp, err
}

// end

// implementation is the service, written by a user.
type implementation struct{}

// call calls each endpoint and checks the response.
func call(ctx context.Context, c ServiceClient) error {
	// each endpoint
	if resp, err := c.Do0001(ctx, &Request0001{ID: "0001", Count: 41}); err != nil || resp.ID != "0001" || resp.Total0001 != 42 {
		return wrong("0001", err)
	}
	// end
	return nil
}

func wrong(name string, err error) error {
	return errors.Join(fmt.Errorf("endpoint %s answered wrong", name), err)
}

// limited rejects requests beyond a rate.
func limited(next connect.ServerFunc) connect.ServerFunc {
	limiter := rate.NewLimiter(1e6, 1e6)
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if !limiter.Allow() {
			return connect.NewError(connect.CodeResourceExhausted, "too many requests")
		}
		return next(ctx, spec, stream)
	}
}

// A codec writes plain Go types as JSON.
type codec struct{}

// Name implements [connect.Codec].
func (codec) Name() string { return "json" }

// MarshalWrite implements [connect.Codec].
func (codec) MarshalWrite(_ context.Context, dst io.Writer, msg any) error {
	return json.MarshalWrite(dst, msg)
}

// UnmarshalRead implements [connect.Codec].
func (codec) UnmarshalRead(_ context.Context, src io.Reader, msg any) error {
	return json.UnmarshalRead(src, msg)
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	service := connect.NewServer(limited)
	RegisterServiceHandler(service, implementation{})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, service, connecthttp.WithCodecs(codec{}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	transport := connecthttp.NewTransport(http.DefaultClient, "http://"+l.Addr().String(), connecthttp.WithCodecs(codec{}))
	return call(ctx, NewServiceClient(connect.NewClient(transport)))
}
