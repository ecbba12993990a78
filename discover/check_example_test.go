package discover_test

import (
	"context"
	"fmt"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
)

func ExampleCheck() {
	pool := discover.New(httpx.Dialer(), discover.Check(httpx.Probe("/readyz"),
		discover.CheckEvery(10*time.Second), discover.CheckThresholds(3, 1)))
	fmt.Println(pool.Err())

	// A probe of one's own takes the pool's connections.
	ping := func(context.Context, string) error { return nil }
	fmt.Println(discover.New(httpx.Dialer(), discover.Check(ping)).Err())
	// Output:
	// <nil>
	// discover: New: option Check: the probe takes string, and the connections of the pool are *httpx.Conn
}
