package consul_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/hashicorp/consul/api"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// A server that calls another service: both are found in Consul.
func Example() {
	client, err := api.NewClient(api.DefaultConfig())
	prices := discover.New(httpx.Dialer())
	s := server.New("rooms")
	s.Add(
		server.Go("prices", func(ctx context.Context) error {
			return prices.Run(ctx, consul.New(client, "prices", consul.Tags("v2")))
		}),
		server.HTTP(":8081", http.NewServeMux(), server.Register(consul.New(client, "rooms"))),
	)
	os.Exit(s.Main(err))
}

// A flag lacks the port.
func ExampleParse() {
	_, err := consul.Parse("consul://127.0.0.1", "rooms")
	fmt.Println(err)
	// Output: consul: Parse("consul://127.0.0.1"): "127.0.0.1" is not of the form host:port
}

// An instance whose metadata does not fit is refused before Consul is asked.
func ExampleRegistry_Register() {
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		fmt.Println(err)
		return
	}
	err = consul.New(client, "rooms").Register(context.Background(), discover.Instance{
		Addr: "10.0.0.7:http", Meta: map[string]string{"": "7"},
	})
	fmt.Println(err)
	// Output:
	// consul: Register: the instance 10.0.0.7:http: the port "http" is not a number from 1 to 65535
	// a key of the metadata is empty
}
