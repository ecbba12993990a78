package shell_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// silent is an exchange with a server that never answers. It fails as a client does
// whose context has ended.
func silent(ctx context.Context, _ int, _ string, _ *reply) error {
	<-ctx.Done()
	return endpoint.MarkMaybeSent(shell.ContextError(ctx))
}

// TestLimit has calls without a deadline to a server that never answers.
func TestLimit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		timeout time.Duration
		layers  []endpoint.Layer
		want    time.Duration
		limit   string
	}{
		"the default":         {0, nil, 30 * time.Second, "30s"},
		"a time":              {time.Minute, nil, time.Minute, "1m0s"},
		"two attempts":        {time.Minute, []endpoint.Layer{repeater{n: 2}}, 2 * time.Minute, "1m0s"},
		"a nanosecond":        {1, nil, 1, "1ns"},
		"attempts that hedge": {time.Minute, []endpoint.Layer{hedger{n: 2}}, time.Minute, "1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var to target
				c := unary(silent)
				c.Timeout = tt.timeout
				start := time.Now()
				_, err := connect[string, reply](t, endpoint.Unary, &to, c, tt.layers...)(t.Context(), "a")
				require.Equal(t, tt.want, time.Since(start))
				synctest.Wait() // for the other attempts
				for _, err := range append(to.outcomes, err) {
					e := endpoint.ErrorOf(err)
					require.Equal(t, endpoint.DeadlineExceeded, e.Code())
					require.Equal(t, "endpoint/TIMEOUT", e.Domain()+"/"+e.Reason())
					require.Equal(t, "not answered within "+tt.limit+", the client's limit for calls without a deadline", err.Error())
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.NotErrorIs(t, err, context.Canceled)
					require.True(t, endpoint.ServerFault(err))
					require.True(t, endpoint.MaybeSent(err))
					require.False(t, endpoint.Retryable(err))
				}
				require.NotEmpty(t, to.outcomes)
			})
		})
	}
}

// TestLimitSetsNoDeadline checks that a transport has no deadline to tell the server.
func TestLimitSetsNoDeadline(t *testing.T) {
	t.Parallel()
	var to target
	call := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, _ *reply) error {
		_, has := ctx.Deadline()
		require.False(t, has)
		return nil
	}))
	_, err := call(t.Context(), "a")
	require.NoError(t, err)
}

// TestNoLimit has calls that the limit does not concern.
func TestNoLimit(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	for name, tt := range map[string]struct {
		timeout time.Duration
		ctx     func(ctx context.Context) (context.Context, context.CancelFunc)
		want    time.Duration
		code    endpoint.Code
	}{
		"none": {-1, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Hour, func() { cancel(enough) })
			return ctx, func() { cancel(nil) }
		}, time.Hour, endpoint.Canceled},
		"the caller leaves before": {time.Minute, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(enough) })
			return ctx, func() { cancel(nil) }
		}, time.Second, endpoint.Canceled},
		"a deadline, though later": {time.Minute, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Hour, enough)
		}, time.Hour, endpoint.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var to target
				c := unary(silent)
				c.Timeout = tt.timeout
				ctx, cancel := tt.ctx(t.Context())
				defer cancel()
				start := time.Now()
				_, err := connect[string, reply](t, endpoint.Unary, &to, c)(ctx, "a")
				require.Equal(t, tt.want, time.Since(start))
				require.Equal(t, tt.code, endpoint.CodeOf(err))
				require.ErrorIs(t, err, enough)
				require.Empty(t, endpoint.ErrorOf(err).Reason())
			})
		})
	}
}

// TestLimitAndOtherErrors has errors of a server that answers when its time is up.
func TestLimitAndOtherErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want endpoint.Code
	}{
		"an answer":           {endpoint.FromWire(endpoint.NotFound, "", "", "gone"), endpoint.NotFound},
		"an error of its own": {errFailed, endpoint.Internal},
		"a success":           {nil, endpoint.OK},
		"it was canceled":     {endpoint.FromWire(endpoint.Canceled, "", "", "canceled"), endpoint.DeadlineExceeded},
		"not sent":            {endpoint.MarkNotSent(context.Canceled), endpoint.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var to target
				_, err := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, _ *reply) error {
					<-ctx.Done()
					return tt.err
				}))(t.Context(), "a")
				require.Equal(t, tt.want, endpoint.CodeOf(err), "%v", err)
				require.False(t, endpoint.MaybeSent(err))
				require.False(t, endpoint.NotSent(err))
			})
		})
	}
}

// TestLimitIsOver checks that nothing is left of the limit after the exchange, however
// it ended: the context has ended, and no timer runs.
func TestLimitIsOver(t *testing.T) {
	t.Parallel()
	for name, exchange := range map[string]func() error{
		"success": func() error { return nil }, "an error": func() error { return errFailed }, "a panic": func() error { panic("oops") }, "Goexit": goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var to target
				var inner context.Context
				call := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, _ *reply) error {
					inner = ctx
					return exchange()
				}))
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { _ = recover() }()
					_, _ = call(t.Context(), "a")
				}()
				<-done
				require.ErrorIs(t, inner.Err(), context.Canceled)
				require.NotErrorIs(t, context.Cause(inner), context.DeadlineExceeded)
				to.settled(t, 1)
			})
		})
	}
}

// TestStreamsHaveNoLimit has a stream of each kind that takes long.
func TestStreamsHaveNoLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to target
		slow := func(ctx context.Context) error {
			_, has := ctx.Deadline()
			require.False(t, has)
			time.Sleep(time.Hour)
			return ctx.Err()
		}
		c := shell.Client[string]{
			Upload: func(ctx context.Context, _ string, _ *shell.Producer, _ any) error { return slow(ctx) },
			Range: func(ctx context.Context, _ any, _ *shell.Producer, out *shell.Receiver) {
				out.End(slow(ctx))
			},
		}
		_, err := connect[endpoint.Stream[int], reply](t, endpoint.ClientStream, &to, c)(t.Context(), endpoint.StreamOf(1))
		require.NoError(t, err)
		items, err := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, c)(t.Context(), "a")
		require.NoError(t, err)
		_, err = items.Collect()
		require.NoError(t, err)
		items, err = connect[endpoint.Stream[int], endpoint.Stream[int]](t, endpoint.Bidi, &to, c)(t.Context(), endpoint.StreamOf(1))
		require.NoError(t, err)
		_, err = items.Collect()
		require.NoError(t, err)
	})
}

// TestLimitAndOpenResponse checks that a response which the caller must close can be
// read when the exchange is over, and the limit's time, too.
func TestLimitAndOpenResponse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		waited bool // during the exchange, for the end of the context
		open   bool
	}{
		"success": {nil, true, true}, "an error": {errFailed, true, false},
		"success in memory": {nil, false, true}, "an error in memory": {errFailed, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var to target
				var inner context.Context
				call := connect[string, io.Closer](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, resp *io.Closer) error {
					*resp, inner = io.NopCloser(nil), ctx
					if tt.waited {
						_ = ctx.Done()
					}
					return tt.err
				}))
				ctx, cancel := context.WithCancel(t.Context())
				_, err := call(ctx, "a")
				require.Equal(t, tt.err, err)
				for range 2 {
					require.Equal(t, tt.open, inner.Err() == nil)
					time.Sleep(time.Hour)
				}
				cancel()
				require.Error(t, inner.Err())
			})
		})
	}
}

// TestContextOfLimit checks that contexts made of an exchange's, before and after
// something waited for its end, end with it and have its values.
func TestContextOfLimit(t *testing.T) {
	t.Parallel()
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		var to target
		_, err := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, _ *reply) error {
			require.Equal(t, "v", ctx.Value(key{}))
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			stop := context.AfterFunc(ctx, func() {})
			defer stop()
			require.NoError(t, child.Err())
			require.Equal(t, "v", ctx.Value(key{}))
			<-child.Done()
			require.Equal(t, context.Canceled, ctx.Err())
			return child.Err()
		}))(context.WithValue(t.Context(), key{}, "v"), "a")
		require.Equal(t, "TIMEOUT", endpoint.ErrorOf(err).Reason())
	})
}

// TestLimitAfterTheCaller has a caller that leaves, and an exchange that takes longer
// than the limit to notice it.
func TestLimitAfterTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to target
		ctx, cancel := context.WithCancel(t.Context())
		_, err := connect[string, reply](t, endpoint.Unary, &to, unary(func(inner context.Context, _ int, _ string, _ *reply) error {
			_ = inner.Done()
			cancel()
			time.Sleep(time.Hour)
			return shell.ContextError(inner)
		}))(ctx, "a")
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
		require.Empty(t, endpoint.ErrorOf(err).Reason())
	})
}
