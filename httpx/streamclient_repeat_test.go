package httpx_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// TestResumeOverSockets holds that a stream goes on without loss or repetition
// after a connection that is cut, and after a server that aborts.
func TestResumeOverSockets(t *testing.T) {
	t.Parallel()
	const n = 30
	onWirings(t, func(t *testing.T, w wiring, reset bool) {
		for name, aborts := range map[string]bool{"cut": false, "aborted": true} {
			var calls atomic.Int64
			svc := &resumed{Ticks: func(ctx context.Context, from resumeFrom) (endpoint.Stream[tick], error) {
				return func(yield func(tick, error) bool) {
					calls.Add(1)
					for i := from.Last + 1; i <= n; i++ {
						if !yield(tick{i}, nil) {
							return
						}
						if i%10 == 0 && i < n && aborts {
							panic(http.ErrAbortHandler)
						}
						if i%10 == 0 && i < n {
							waiting(ctx, t)
							yield(tick{}, ctx.Err())
							return
						}
					}
				}, nil
			}}
			server, client := newPermits(), newPermits()
			f := &resumed{}
			p := w.dial(t, mounted(t, svc, httpx.Use(server)), f, httpx.Use(client))
			s, err := f.Ticks(t.Context(), resumeFrom{})
			require.NoError(t, err)
			var got []tick
			for v, err := range s {
				require.NoError(t, err, name)
				if got = append(got, v); v.N%10 == 0 && !aborts {
					p.cut(reset)
				}
			}
			require.Len(t, got, n, name)
			for i, v := range got {
				require.Equal(t, i+1, v.N, name)
			}
			require.NoError(t, client.drained(t, 1)[0], name)
			made := int(calls.Load()) // net/http may try one more, over a connection that it does not yet know to be cut
			require.GreaterOrEqual(t, made, 3, name)
			server.drained(t, made)
		}
	})
}

// hedging is a layer that starts a second attempt at once.
type hedging struct{ layer }

func (*hedging) Delay(_ context.Context, started int) (time.Duration, bool) {
	return time.Millisecond, started < 2
}

// TestHedgeOverHTTP has a response stream whose first attempt says nothing: the
// second is the stream, the first is cancelled on the server too, and after the
// first item there is no further attempt, however slow the next one is.
func TestHedgeOverHTTP(t *testing.T) {
	t.Parallel()
	for _, w := range wirings() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			cancelled := make(chan struct{})
			svc := newFeed()
			svc.Ticks = func(ctx context.Context, f from) (endpoint.Stream[tick], error) {
				return func(yield func(tick, error) bool) {
					if calls.Add(1) == 1 {
						waiting(ctx, t)
						yield(tick{}, ctx.Err())
						close(cancelled)
						return
					}
					for i := range f.N {
						if !yield(tick{i + 1}, nil) {
							return
						}
						if i == 0 {
							<-cancelled
						}
					}
				}, nil
			}
			server, outside, inside := newPermits(), newPermits(), newPermits()
			f := &feed{}
			w.dial(t, mounted(t, svc, httpx.Use(server)), f, httpx.Use(outside, &hedging{}, inside))
			for _, breaks := range []bool{false, true} {
				s, err := f.Ticks(t.Context(), from{N: 3})
				require.NoError(t, err)
				var got []tick
				for v, err := range s {
					require.NoError(t, err)
					if got = append(got, v); breaks && v.N == 2 {
						break
					}
				}
				want := []tick{{1}, {2}, {3}}
				if breaks {
					want = want[:2]
				}
				require.Equal(t, want, got)
				ends := outside.drained(t, 1)
				if breaks {
					require.ErrorIs(t, ends[0], endpoint.ErrStopped)
				} else {
					require.NoError(t, ends[0])
				}
				if !breaks {
					require.EqualValues(t, 2, calls.Load())
					server.drained(t, 2)
					inside.drained(t, 2)
				}
			}
		})
	}
}

// TestHedgeFails holds that the error of a response stream that is hedged is that
// of its last attempt, typed.
func TestHedgeFails(t *testing.T) {
	t.Parallel()
	for _, w := range wirings() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			f := &feed{}
			w.dial(t, mounted(t, newFeed()), f, httpx.Use(&hedging{}))
			s, err := f.Ticks(t.Context(), from{N: -1})
			require.NoError(t, err)
			got, err := s.Collect()
			require.ErrorIs(t, err, errBroken)
			require.Empty(t, got)
			// A call with a request stream is made once.
			n, err := f.Sum(t.Context(), numbers(1, 2))
			require.NoError(t, err)
			require.Equal(t, count1{3}, n)
		})
	}
}

// TestStragglingRange has a handler that leaves the range over its request to a
// goroutine which outlives it: that ends with an error, and nothing breaks.
func TestStragglingRange(t *testing.T) {
	t.Parallel()
	for _, w := range wirings() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			svc := newFeed()
			svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
				first := make(chan struct{})
				go func() {
					n := 0
					for _, err := range s {
						if n++; n == 1 {
							close(first)
						}
						if err != nil {
							ended <- err
							return
						}
					}
					ended <- nil
				}()
				<-first
				return count1{1}, nil
			}
			f := &feed{}
			w.dial(t, mounted(t, svc), f)
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				got, err := f.Sum(ctx, endless(ctx, 1, nil))
				cancel()
				require.NoError(t, err)
				require.Equal(t, count1{1}, got)
				require.Error(t, <-ended)
			}
		})
	}
}
