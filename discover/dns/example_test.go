package dns_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

// A pool of the servers that SRV records name, which follows them.
func ExampleSRV() {
	pool := discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- pool.Run(ctx, dns.SRV("_http._tcp.users.internal.")) }()
	stop()
	fmt.Println(<-ended)
	// Output: <nil>
}

// What is wrong with the arguments is the error of the source.
func ExampleHosts() {
	for _, err := range dns.Hosts("http://users.internal", 80).Watch(context.Background()) {
		fmt.Println(err)
	}
	// Output: dns: Hosts: "http://users.internal" is not a domain name
}
