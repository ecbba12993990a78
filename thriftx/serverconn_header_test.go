package thriftx_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// headerClient returns a client that Thrift generated, of a server that speaks THeader.
func headerClient(t *testing.T, shop *Shop, conf *thrift.TConfiguration) *zoothrift.ZooClient {
	t.Helper()
	opts, _ := both(thriftx.Speak(thriftx.Header))
	_, l := serve(t, shop, opts)
	conn, err := l.Dial(t.Context(), "", "")
	require.NoError(t, err)
	transport := thrift.NewTSocketFromConnConf(conn, conf)
	t.Cleanup(func() { _ = transport.Close() })
	return zoothrift.NewZooClientFactory(transport, thrift.NewTHeaderProtocolFactoryConf(conf))
}

// with returns a context with which a generated client sends metadata.
func with(ctx context.Context, key, value string) context.Context {
	return thrift.SetWriteHeaderList(thrift.SetHeader(ctx, key, value), []string{key})
}

// TestForeignMetadata has metadata and deadlines from a client that Thrift generated.
func TestForeignMetadata(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key, value string
		check      func(t *testing.T, ctx context.Context)
		want       string
	}{
		"a key": {"X-Tenant", "blue", func(t *testing.T, ctx context.Context) {
			t.Helper()
			assert.Equal(t, "blue", endpoint.CallFrom(ctx).Header().Get("x-tenant"))
		}, ""},
		"a deadline": {"endpoint-timeout-ms", "1500", func(t *testing.T, ctx context.Context) {
			t.Helper()
			deadline, _ := ctx.Deadline()
			assert.Equal(t, 1500*time.Millisecond, time.Until(deadline))
			assert.Empty(t, endpoint.CallFrom(ctx).Header().Get("endpoint-timeout-ms"), "it belongs to the transport")
		}, ""},
		"a long deadline": {"Endpoint-Timeout-Ms", "9223372036854775807", func(t *testing.T, ctx context.Context) {
			t.Helper()
			deadline, _ := ctx.Deadline()
			assert.Greater(t, time.Until(deadline), 1000*time.Hour)
		}, ""},
		"no time":      {"endpoint-timeout-ms", "0", nil, "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request"},
		"no number":    {"endpoint-timeout-ms", "1s", nil, "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request"},
		"time is past": {"endpoint-timeout-ms", "-5", nil, "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shop := newShop(nil)
				shop.Sum = func(ctx context.Context, r SumRequest) (int64, error) {
					if tt.check != nil && r.A == 1 {
						tt.check(t, ctx)
					}
					return r.A + r.B, nil
				}
				c := headerClient(t, shop, nil)
				n, err := c.Sum(with(t.Context(), tt.key, tt.value), 1, 2)
				if tt.want != "" {
					checkException(t, thrift.INTERNAL_ERROR, tt.want, err)
				} else {
					require.NoError(t, err)
					require.Equal(t, int64(3), n)
				}
				n, err = c.Sum(t.Context(), 2, 2)
				require.NoError(t, err, "the connection goes on")
				require.Equal(t, int64(4), n)
			})
		})
	}
}

// TestCompressed has a request that is compressed, which a server refuses.
func TestCompressed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := headerClient(t, newShop(nil), &thrift.TConfiguration{THeaderTransforms: []thrift.THeaderTransformID{thrift.TransformZlib}})
		_, err := c.Sum(t.Context(), 1, 2)
		require.Error(t, err)
	})
}
