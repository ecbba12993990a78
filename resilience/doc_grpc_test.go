package resilience_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// seen is a request that counts how often it is decoded.
type seen struct{}

var decodes atomic.Int64

func (*seen) UnmarshalJSON([]byte) error {
	decodes.Add(1)
	return nil
}

// remaining is a service whose operation answers with the time that it has.
type remaining struct {
	Time endpoint.Endpoint[seen, left]
}

type left struct {
	Nanoseconds int64 `json:"ns"`
}

func (r *remaining) GRPC(m *grpcx.Methods) {
	m.Service("test.Remaining")
	m.Unary("Time", &r.Time, grpcx.Idempotent())
}

func timeLeft(ctx context.Context, _ seen) (left, error) {
	deadline, _ := ctx.Deadline()
	return left{int64(time.Until(deadline))}, nil
}

// overGRPC serves r in memory and returns its client; in the caller's bubble, if
// there is one.
func overGRPC(t *testing.T, r *remaining, server, client []endpoint.Layer) *remaining {
	t.Helper()
	l := endpointtest.NewListener()
	s := grpc.NewServer()
	require.NoError(t, grpcx.Register(s, r, grpcx.Use(server...)))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		s.Stop()
		<-ended
	})
	var c remaining
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c, grpcx.Use(client...)))
	return &c
}

// TestRejectionOverGRPC has rejections arrive as themselves, and the request is
// never decoded.
func TestRejectionOverGRPC(t *testing.T) { // not parallel: it counts
	used := resilience.NewLimiter(0.001, 1)
	require.NoError(t, settle(t.Context(), used, nil))
	for name, tt := range map[string]struct {
		layer endpoint.Layer
		err   *endpoint.Error
		after time.Duration // less the time that the test takes
	}{
		"Limiter":  {used, resilience.ErrRateLimited, 1000 * time.Second},
		"Bulkhead": {full(t), resilience.ErrOutOfCapacity, 0},
		"Breaker":  {open(t), resilience.ErrOpen, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			c := overGRPC(t, &remaining{timeLeft}, []endpoint.Layer{tt.layer}, nil)
			before := decodes.Load()
			_, err := c.Time(t.Context(), seen{})
			require.ErrorIs(t, err, tt.err)
			e := endpoint.ErrorOf(err)
			require.True(t, e.Remote())
			require.Equal(t, tt.err.Code(), e.Code())
			require.Equal(t, tt.err.Message(), e.Message())
			require.LessOrEqual(t, e.RetryAfter(), tt.after)
			require.GreaterOrEqual(t, e.RetryAfter(), tt.after/2)
			require.Equal(t, before, decodes.Load(), "a rejected request is decoded")
		})
	}
	c := overGRPC(t, &remaining{timeLeft}, nil, nil)
	before := decodes.Load()
	_, err := c.Time(t.Context(), seen{})
	require.NoError(t, err)
	require.Equal(t, before+1, decodes.Load(), "one that is served is decoded once")
}

// TestTimeoutOverGRPC has the next hop see the deadline of a Timeout, also one
// hop further on, in a bubble.
func TestTimeoutOverGRPC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := overGRPC(t, &remaining{timeLeft}, nil, nil)
		near := overGRPC(t, &remaining{far.Time}, nil, []endpoint.Layer{resilience.NewTimeout(3 * time.Second)})
		got, err := near.Time(t.Context(), seen{})
		require.NoError(t, err)
		require.InDelta(t, 3*time.Second, got.Nanoseconds, float64(time.Millisecond))

		hang := &remaining{func(ctx context.Context, _ seen) (left, error) {
			<-ctx.Done()
			return left{}, ctx.Err()
		}}
		near = overGRPC(t, hang, nil, []endpoint.Layer{resilience.NewTimeout(3 * time.Second)})
		start := time.Now()
		_, err = near.Time(t.Context(), seen{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.InDelta(t, 3*time.Second, time.Since(start), float64(time.Millisecond))
	})
}
