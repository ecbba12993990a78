package grpcx_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint/grpcx"
)

// What a pool checks its instances with: discover.Check(grpcx.Probe("")).
func ExampleProbe() {
	fmt.Println(grpcx.Probe("")(context.Background(), nil))
	// Output: grpcx: Probe: the connection is nil
}
