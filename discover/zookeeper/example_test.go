package zookeeper_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// A server that calls another service: both are found in ZooKeeper.
func Example() {
	ensemble := []string{"10.0.0.1:2181", "10.0.0.2:2181", "10.0.0.3:2181"}
	prices := discover.New(httpx.Dialer())
	s := server.New("rooms")
	s.Add(
		server.Go("prices", func(ctx context.Context) error {
			return prices.Run(ctx, zookeeper.New(ensemble, "/services/prices"))
		}),
		server.HTTP(":8081", http.NewServeMux(), server.Register(zookeeper.New(ensemble, "/services/rooms"))),
	)
	os.Exit(s.Main(nil))
}

// A flag lacks the port.
func ExampleParse() {
	_, err := zookeeper.Parse("zk://10.0.0.1", "rooms")
	fmt.Println(err)
	// Output: zookeeper: Parse("zk://10.0.0.1"): "10.0.0.1" is not of the form host:port
}
