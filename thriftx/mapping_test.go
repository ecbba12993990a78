package thriftx_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// size is a layer that asks for the size of the response.
var size = endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
	return ctx, func(err error) error {
		endpoint.CallFrom(ctx).ResponseBytes()
		return err
	}, nil
})

// unwritable is a struct whose Write panics.
type unwritable struct{ zoothrift.ZooSumResult }

func (*unwritable) Write(context.Context, thrift.TProtocol) error { panic("cannot write") }

// TestUnwritable has responses that a server cannot write. It tells the caller and the
// hook, and serves the next call.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve func(t *testing.T, opts ...thriftx.Option) *Shop
	}{
		"nil": {func(t *testing.T, opts ...thriftx.Option) *Shop {
			return withResult(t, thriftx.MapResult(
				func(int64, error) *zoothrift.ZooSumResult { return nil },
				func(*zoothrift.ZooSumResult) (int64, error) { return 0, nil },
			), opts...)
		}},
		"a panic": {func(t *testing.T, opts ...thriftx.Option) *Shop {
			return withResult(t, thriftx.MapResult(
				func(int64, error) *unwritable { return &unwritable{} },
				func(*unwritable) (int64, error) { return 0, nil },
			), opts...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var hooked atomic.Int64
				c := tt.serve(t, thriftx.Use(size), thriftx.ErrorHook(func(_ context.Context, err error) {
					assert.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
					hooked.Add(1)
				}))
				for n := range int64(3) {
					_, err := c.Sum(t.Context(), SumRequest{1, 2})
					require.EqualError(t, err, "internal error")
					require.True(t, endpoint.ErrorOf(err).Remote())
					require.Equal(t, n+1, hooked.Load())
				}
			})
		})
	}
}

// withResult returns a client of a server whose sum has this mapping of its result.
func withResult[R thrift.TStruct](t *testing.T, result thriftx.ResultMapping[int64, R], opts ...thriftx.Option) *Shop {
	t.Helper()
	_, l := serve(t, &described{
		Sum: func(_ context.Context, r SumRequest) (int64, error) { return r.A + r.B, nil },
		describe: func(s *described, m *thriftx.Methods) {
			m.Method("sum", &s.Sum, sumArgs, result)
			m.Omit(&s.Add)
			m.Omit(&s.Stream)
		},
	}, nil, opts...)
	c, _ := dial(t, l)
	return c
}

// TestNilArguments has a mapping of the arguments that returns nil.
func TestNilArguments(t *testing.T) {
	t.Parallel()
	c := &described{describe: func(s *described, m *thriftx.Methods) {
		m.Method("sum", &s.Sum, thriftx.Map(
			func(SumRequest) *zoothrift.ZooSumArgs { return nil },
			func(*zoothrift.ZooSumArgs) (SumRequest, error) { return SumRequest{}, nil },
		), sumResult)
		m.Omit(&s.Add)
		m.Omit(&s.Stream)
	}}
	require.NoError(t, thriftx.Client(thriftx.To("localhost:1"), c))
	_, err := c.Sum(t.Context(), SumRequest{})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "cannot write the request: the mapping returned nil")
}
