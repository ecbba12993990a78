package endpoint_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
)

// Attempts run side by side and share nothing of the Call but what was tried.
func TestHedgerForksCall(t *testing.T) {
	t.Parallel()
	for _, kind := range []endpoint.StreamKind{endpoint.Unary, endpoint.ServerStream} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
					c := endpoint.CallFrom(ctx)
					if got := c.Header().Values("X-Attempt"); len(got) > 0 {
						t.Errorf("attempt %d finds the header of another: %q", c.Attempt(), got)
					}
					c.Header().Set("X-Attempt", fmt.Sprint(c.Attempt()))
					return ctx, nil, nil
				})
				one := func(ctx context.Context) error {
					c, w, at := endpoint.CallFrom(ctx), writerFrom(ctx), endpoint.AttemptFrom(ctx)
					n := c.Attempt()
					for i := range n - 1 {
						if !at.Tried("pool", uint64(i+1)) {
							t.Errorf("attempt %d does not see that %d was tried", n, i+1)
						}
					}
					at.Try("pool", uint64(n))
					for range 10 { // side by side, for the race detector
						c.Header().Add("X-Attempt", "more")
						w.SetPeer(fmt.Sprint("peer ", n))
						w.AddBytes(1, 0)
						c.Reply().Set("X-Reply", fmt.Sprint(n))
						time.Sleep(time.Duration(4-n) * time.Second / 3)
					}
					return ctx.Err()
				}
				ctx, stack := clientShell(t, t.Context(), endpoint.Stack{&hedge{max: 3}, layer})
				var err error
				if kind == endpoint.Unary {
					_, err = stack.Wrap(func(ctx context.Context, n int) (int, error) { return n, one(ctx) })(ctx, 7)
				} else {
					var s endpoint.Stream[int]
					s, err = stack.Wrap(func(ctx context.Context, n int) (endpoint.Stream[int], error) {
						return func(yield func(int, error) bool) { yield(n, one(ctx)) }, nil
					})(ctx, 7)
					if err == nil {
						_, err = s.Collect()
					}
				}
				if err != nil {
					t.Errorf("the call: %v", err)
				}
				c := endpoint.CallFrom(ctx)
				if c.Peer() != "peer 3" || c.Reply().Get("X-Reply") != "3" || c.RequestBytes() != 10 || c.Header().Get("X-Attempt") != "" {
					t.Errorf("the client's Call has peer %q, reply %q, %d bytes, header %q, want those of attempt 3 and no header",
						c.Peer(), c.Reply().Get("X-Reply"), c.RequestBytes(), c.Header().Get("X-Attempt"))
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

// What the winner of a stream learned after its first item is known at Exit,
// also when the reader breaks out.
func TestHedgerStreamSettles(t *testing.T) {
	t.Parallel()
	for _, breaks := range []bool{false, true} {
		ctx, stack := clientShell(t, t.Context(), endpoint.Stack{&hedge{max: 1}})
		s, err := stack.Wrap(func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				for i := range 3 {
					writerFrom(ctx).AddBytes(0, 10)
					if !yield(i, nil) {
						return
					}
				}
			}, nil
		})(ctx, 7)
		if err != nil {
			t.Fatal(err)
		}
		want := int64(30)
		for item := range s {
			if breaks && item == 1 {
				want = 20
				break
			}
		}
		if got := endpoint.CallFrom(ctx).ResponseBytes(); got != want {
			t.Errorf("the client's Call counts %d bytes, want %d", got, want)
		}
	}
}

// When all attempts fail, the Call knows what the last of them learned.
func TestHedgerFailureSettles(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		if kind.streams&endpoint.ClientStream != 0 {
			continue
		}
		ctx, stack := clientShell(t, t.Context(), endpoint.Stack{&hedge{max: 1}})
		_, err := kind.run(ctx, stack, func(ctx context.Context) error {
			writerFrom(ctx).SetStatus(503)
			return errTest
		})
		if got := endpoint.CallFrom(ctx).Status(err); got != 503 || err != errTest { //nolint:errorlint // the very same
			t.Errorf("%s: the client's Call has status %d and the call %v, want 503 and %v", kind.name, got, err, errTest)
		}
	}
}
