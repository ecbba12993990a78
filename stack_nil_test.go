package endpoint_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// TestStackNil calls with a nil context, and through layers around a nil endpoint: each
// is an error, whatever the layers, for unary calls and streams.
func TestStackNil(t *testing.T) {
	t.Parallel()
	var none context.Context
	for name, l := range map[string]endpoint.Layer{
		"a layer":  idle{},
		"Retry":    resilience.NewRetry(2),
		"Hedge":    resilience.NewHedge(time.Hour),
		"Timeout":  resilience.NewTimeout(time.Hour, resilience.Idle(time.Hour)),
		"a Stack":  endpoint.Stack{idle{}, resilience.NewRetry(2), idle{}},
		"Limiter":  resilience.NewLimiter(1, 1),
		"Bulkhead": resilience.NewBulkhead(1),
	} {
		unary := func(ctx context.Context, e endpoint.Endpoint[int, int]) error {
			_, err := endpoint.Stack{l}.Wrap(e)(ctx, 1)
			return err
		}
		stream := func(ctx context.Context, e endpoint.Endpoint[int, endpoint.Stream[int]]) error {
			items, err := endpoint.Stack{l}.Wrap(e)(ctx, 1)
			if err == nil {
				_, err = items.Collect()
			}
			return err
		}
		upload := func(ctx context.Context, e endpoint.Endpoint[endpoint.Stream[int], int]) error {
			_, err := endpoint.Stack{l}.Wrap(e)(ctx, endpoint.StreamOf(1))
			return err
		}
		for want, errs := range map[string][]error{
			"the context of the call is nil": {
				unary(none, func(context.Context, int) (int, error) { return 1, nil }),
				stream(none, func(context.Context, int) (endpoint.Stream[int], error) { return endpoint.StreamOf(1), nil }),
				upload(none, func(context.Context, endpoint.Stream[int]) (int, error) { return 1, nil }),
			},
			"the endpoint is nil": {unary(t.Context(), nil), stream(t.Context(), nil), upload(t.Context(), nil)},
		} {
			for i, err := range errs {
				if err == nil || !strings.Contains(err.Error(), want) || endpoint.CodeOf(err) != endpoint.Internal {
					t.Errorf("%s, kind %d: the error is %v, want one of %q", name, i, err, want)
				}
			}
		}
	}
}
