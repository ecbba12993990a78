// Package counter keeps a running total. The program is in cmd/counter.
package counter

import (
	"context"
	"math"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: service

// ErrOverflow is the error of an amount that the total has no room for.
var ErrOverflow = endpoint.Define(endpoint.OutOfRange, "counter", "OVERFLOW", "the total would overflow")

// An Amount is what to add. It may be negative.
type Amount struct {
	V int64 `json:"v" required:"true"`
}

// A Total is the sum of all amounts so far.
type Total struct {
	V int64 `json:"v"`
}

// Counter is the service: on a server its field is the implementation, on a client it is
// the call.
type Counter struct {
	Add endpoint.Endpoint[Amount, Total]
}

// HTTP describes the service. The largest valid body is far shorter than 1 KiB.
func (c *Counter) HTTP(r *httpx.Routes) {
	r.POST("/add", &c.Add, httpx.Fails(ErrOverflow), httpx.MaxBody(1<<10))
}

// New returns the implementation, with the total 0.
func New() *Counter { return &Counter{Add: new(total).add} }

// total is the running total. It is safe for concurrent use.
type total struct {
	mu sync.Mutex // guards the field below
	v  int64
}

// add returns the new total. A total that would overflow stays as it is.
func (t *total) add(_ context.Context, a Amount) (Total, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.V > 0 && t.v > math.MaxInt64-a.V || a.V < 0 && t.v < math.MinInt64-a.V {
		return Total{}, ErrOverflow
	}
	t.v += a.V
	return Total{t.v}, nil
}

// end snippet
