package httpx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// brokeOff checks the error of a client whose connection was cut.
func brokeOff(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err, "a stream that breaks off is no success")
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), err)
	require.False(t, endpoint.ErrorOf(err).Remote())
	require.False(t, endpoint.Retryable(err), "it may have been sent")
}

// endless yields numbers, slowly after the first ones: once tell is closed, it
// goes on until nobody takes them.
func endless(ctx context.Context, n int, tell <-chan struct{}) endpoint.Stream[count1] {
	return func(yield func(count1, error) bool) {
		for i := 0; ; i++ {
			if i == n {
				select {
				case <-tell:
				case <-ctx.Done():
					return // which would look like the end, if the call did not end
				}
			}
			if !yield(count1{i}, nil) {
				return
			}
		}
	}
}

// TestClientStreamCut cuts the connection in the middle of a request stream,
// while its sender waits and while it sends.
func TestClientStreamCut(t *testing.T) {
	t.Parallel()
	onWirings(t, func(t *testing.T, w wiring, reset bool) {
		for name, sends := range map[string]bool{"waits": false, "sends": true} {
			read, ended := make(chan struct{}), make(chan error, 1)
			svc := newFeed()
			svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
				n := 0
				for _, err := range s {
					if err != nil {
						ended <- err
						return count1{}, err
					}
					if n++; n == 3 {
						close(read)
					}
				}
				ended <- nil
				return count1{n}, nil
			}
			server, client := newPermits(), newPermits()
			f := &feed{}
			p := w.dial(t, mounted(t, svc, httpx.Use(server)), f, httpx.Use(client))
			go func() { <-read; p.cut(reset) }()
			tell := read
			if !sends {
				tell = nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			got, err := f.Sum(ctx, endless(ctx, 3, tell))
			brokeOff(t, err)
			require.Zero(t, got, name)
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-ended), "%s: the server is to see no end", name)
			require.Error(t, server.drained(t, 1)[0], name)
			require.ErrorIs(t, client.drained(t, 1)[0], err, name)
		}
	})
}

// TestBidiCut cuts the connection in the middle of two streams: while both sides
// wait, while the client sends, and while the server does.
func TestBidiCut(t *testing.T) {
	t.Parallel()
	onWirings(t, func(t *testing.T, w wiring, reset bool) {
		if !w.two {
			return
		}
		for name, tt := range map[string]struct{ up, down bool }{
			"both wait": {}, "the client sends": {up: true}, "the server sends": {down: true}, "both send": {true, true},
		} {
			taken, ended, tell := make(chan struct{}), make(chan error, 1), make(chan struct{})
			svc := newFeed()
			svc.Twice = func(ctx context.Context, s endpoint.Stream[count1]) (endpoint.Stream[count1], error) {
				return func(yield func(count1, error) bool) {
					go func() { // the two sides are independent
						n := 0
						for _, err := range s {
							if n++; n == 3 {
								close(taken)
							}
							if err != nil {
								ended <- err
								return
							}
						}
						ended <- nil
					}()
					var more chan struct{}
					if tt.down {
						more = tell
					}
					for v, err := range endless(ctx, 3, more) {
						if !yield(v, err) {
							return
						}
					}
					waiting(ctx, t)
					yield(count1{}, ctx.Err())
				}, nil
			}
			server, client := newPermits(), newPermits()
			f := &feed{}
			p := w.dial(t, mounted(t, svc, httpx.Use(server)), f, httpx.Use(client))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var more chan struct{}
			if tt.up {
				more = tell
			}
			s, err := f.Twice(ctx, endless(ctx, 3, more))
			require.NoError(t, err)
			got := 0
			for _, e := range s {
				if err = e; e != nil {
					break
				}
				if got++; got == 3 {
					<-taken
					close(tell)
					p.cut(reset)
				}
			}
			brokeOff(t, err)
			require.GreaterOrEqual(t, got, 3, name)
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-ended), "%s: the server is to see no end", name)
			require.Error(t, server.drained(t, 1)[0], name)
			require.ErrorIs(t, client.drained(t, 1)[0], err, name)
		}
	})
}

// TestServerStreamCutByLink cuts the connection in the middle of a response
// stream, while the server waits and while it sends.
func TestServerStreamCutByLink(t *testing.T) {
	t.Parallel()
	onWirings(t, func(t *testing.T, w wiring, reset bool) {
		for name, sends := range map[string]bool{"waits": false, "sends": true} {
			svc := newFeed()
			svc.Ticks = func(ctx context.Context, _ from) (endpoint.Stream[tick], error) {
				return func(yield func(tick, error) bool) {
					for i := 0; ; i++ {
						if i == 3 && !sends {
							waiting(ctx, t)
							yield(tick{}, ctx.Err())
							return
						}
						if !yield(tick{i}, nil) {
							return
						}
					}
				}, nil
			}
			server := newPermits()
			f := &feed{}
			p := w.dial(t, mounted(t, svc, httpx.Use(server)), f)
			s, err := f.Ticks(t.Context(), from{})
			require.NoError(t, err)
			got := 0
			for _, e := range s {
				if err = e; e != nil {
					break
				}
				if got++; got == 3 {
					p.cut(reset)
				}
			}
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%s: %v", name, err)
			require.False(t, endpoint.ErrorOf(err).Remote())
			require.GreaterOrEqual(t, got, 3, name)
			server.drained(t, 1)
		}
	})
}
