package etcd_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A server that calls another service: both are found in etcd.
func Example() {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"10.0.0.1:2379"}})
	prices := discover.New(httpx.Dialer())
	s := server.New("rooms")
	s.Add(
		server.Go("prices", func(ctx context.Context) error {
			return prices.Run(ctx, etcd.New(client, "/services/prices"))
		}),
		server.HTTP(":8081", http.NewServeMux(), server.Register(etcd.New(client, "/services/rooms"))),
	)
	os.Exit(s.Main(err))
}

// A flag lacks the port.
func ExampleParse() {
	_, err := etcd.Parse("etcd://10.0.0.1", "rooms")
	fmt.Println(err)
	// Output: etcd: Parse("etcd://10.0.0.1"): "10.0.0.1" is not of the form host:port
}
