package grpcx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
)

// TestCallTimeout has a server that does not answer, and calls without a deadline: they
// end at the client's limit, which the server is not told. In a bubble.
func TestCallTimeout(t *testing.T) {
	t.Parallel()
	for limit, opts := range map[time.Duration][]grpcx.Option{
		30 * time.Second: nil, time.Minute: {grpcx.CallTimeout(time.Hour), grpcx.CallTimeout(time.Minute)},
		time.Hour: {grpcx.NoCallTimeout(), grpcx.CallTimeout(time.Hour)},
	} {
		t.Run(limit.String(), func(t *testing.T) {
			t.Parallel()
			forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
				e := echo()
				e.Say = func(ctx context.Context, n Note) (Note, error) {
					if _, has := ctx.Deadline(); has {
						t.Error("the server was told a deadline")
					}
					<-ctx.Done()
					return n, nil
				}
				c := open(e, nil, opts)
				start := time.Now()
				_, err := c.Say(t.Context(), Note{})
				require.Equal(t, limit, time.Since(start))
				require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NotErrorIs(t, err, context.Canceled)
				require.EqualError(t, err, "not answered within "+limit.String()+", the client's limit for calls without a deadline")
				require.True(t, endpoint.ServerFault(err))
				require.True(t, endpoint.MaybeSent(err))
			})
		})
	}
}

// TestNoCallTimeout has calls that the limit does not concern: one of a client without
// it, one with a deadline, and streams. In a bubble.
func TestNoCallTimeout(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		slow := func(ctx context.Context, n Note) (Note, error) {
			select {
			case <-time.After(time.Hour): //nolint:forbidigo // fake time
			case <-ctx.Done():
			}
			return n, ctx.Err()
		}
		e.Say = slow
		e.Sum = func(ctx context.Context, _ endpoint.Stream[Note]) (Note, error) { return slow(ctx, Note{}) }
		e.Count = func(ctx context.Context, n Note) (endpoint.Stream[Note], error) {
			n, err := slow(ctx, n)
			return endpoint.StreamOf(n), err
		}
		_, err := open(e, nil, []grpcx.Option{grpcx.CallTimeout(time.Second), grpcx.NoCallTimeout()}).Say(t.Context(), Note{})
		require.NoError(t, err)
		limited := open(e, nil, []grpcx.Option{grpcx.CallTimeout(time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		_, err = limited.Say(ctx, Note{})
		require.NoError(t, err)
		_, err = limited.Sum(t.Context(), endpoint.StreamOf(Note{}))
		require.NoError(t, err)
		items, err := limited.Count(t.Context(), Note{})
		require.NoError(t, err)
		_, err = items.Collect()
		require.NoError(t, err)
	})
}

func TestCallTimeoutFaults(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]grpcx.Option{
		"grpcx: option CallTimeout: the time must be positive, got 0s; NoCallTimeout sets no bound":  grpcx.CallTimeout(0),
		"grpcx: option CallTimeout: the time must be positive, got -1s; NoCallTimeout sets no bound": grpcx.CallTimeout(-time.Second),
	} {
		require.EqualError(t, grpcx.Client(grpcx.To(&fakeConn{}), both(), opt), want)
	}
	for want, opt := range map[string]grpcx.Option{
		"grpcx: option CallTimeout is for clients": grpcx.CallTimeout(time.Second), "grpcx: option NoCallTimeout is for clients": grpcx.NoCallTimeout(),
	} {
		require.EqualError(t, grpcx.Register(&registrar{}, both(), opt), want)
	}
	require.Equal(t, 30*time.Second, grpcx.DefaultCallTimeout)
}
