package addsvc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// snippet: client

// connect returns two clients of one type: the calls of the first go over HTTP,
// those of the second over gRPC.
func connect(url string, conn *grpc.ClientConn) (overHTTP, overGRPC addsvc.Add, err error) {
	err = errors.Join(
		httpx.Client(httpx.To(url), &overHTTP),
		grpcx.Client(grpcx.To(conn), &overGRPC),
	)
	return overHTTP, overGRPC, err
}

// end snippet

func Example() {
	mux, server := http.NewServeMux(), grpc.NewServer()
	svc := addsvc.New()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err = errors.Join(err, httpx.Mount(mux, svc), grpcx.Register(server, svc)); err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(mux)
	defer web.Close()
	go func() { _ = server.Serve(l) }()
	defer server.Stop()

	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	overHTTP, overGRPC, err := connect(web.URL, conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range []addsvc.Add{overHTTP, overGRPC} {
		r, err := c.Sum(context.Background(), addsvc.SumRequest{A: 1, B: 2})
		fmt.Println(r.V, err)
		_, err = c.Sum(context.Background(), addsvc.SumRequest{})
		fmt.Println(errors.Is(err, addsvc.ErrTwoZeroes), err)
	}
	// Output:
	// 3 <nil>
	// true can't sum two zeroes
	// 3 <nil>
	// true can't sum two zeroes
}
