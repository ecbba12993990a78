//go:build !race

package resilience_test

import (
	"context"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func TestShedAllocs(t *testing.T) {
	e := resilience.NewShed().Wrap(func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil })
	full := resilience.NewShed(resilience.Limits(1, 1))
	_, _, _ = full.Enter(t.Context())
	refused := full.Wrap(func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil })
	ctx := incoming(t, endpoint.HTTPHeader, "-")
	for name, e := range map[string]endpoint.Endpoint[endpoint.Empty, endpoint.Empty]{"admitted": e, "refused": refused} {
		if n := testing.AllocsPerRun(100, func() { _, _ = e(ctx, endpoint.Empty{}) }); n != 0 {
			t.Errorf("%s: %v allocations a call, want 0", name, n)
		}
	}
}
