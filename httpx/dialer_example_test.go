package httpx_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint/httpx"
)

// What a pool dials its instances with: discover.New(httpx.Dialer()).
func ExampleDialer() {
	conn, err := httpx.Dialer()(context.Background(), "10.0.0.1:80")
	fmt.Println(conn, err)
	// Output: http://10.0.0.1:80 <nil>
}
