package resilience_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// callOf starts a Call of a server for the caller who. end is for its end: a transport
// may use its maps for another call.
func callOf(t *testing.T, ctx context.Context, who string) (context.Context, func()) {
	t.Helper()
	op := &endpoint.Operation{Name: "Read", Side: endpoint.ServerSide}
	header, reply := map[string][]string{"X-Who": {who}}, map[string][]string{"X-Request": {who}, "Vary": {"Origin"}}
	ctx, w, err := endpoint.StartCall(ctx, op, endpoint.HTTPHeader(header), endpoint.HTTPHeader(reply))
	require.NoError(t, err)
	w.SetPeer("peer of " + who)
	endpoint.CallFrom(ctx).SetPrincipal(who)
	return ctx, func() {
		clear(header)
		clear(reply)
	}
}

// TestCoalesceCall: a flight has a Call of its own, which is the first caller's in all
// that is asked, and each caller gets its reply.
func TestCoalesceCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func()
	}{{"returns", func() {}}, {"panics", func() { panic("boom") }}, {"leaves", runtime.Goexit}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				first, _ := callOf(t, t.Context(), "ada")
				e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
					c := endpoint.CallFrom(ctx)
					if c == endpoint.CallFrom(first) || endpoint.Incoming(ctx) != c {
						t.Errorf("the flight has the Call %p, want one of its own", c)
					}
					got := fmt.Sprint(c.Operation().Name, c.Peer(), c.Principal(), c.Header().Get("X-Who"), c.Reply().Get("X-Request"))
					if want := "Readpeer of adaadaadaada"; got != want {
						t.Errorf("the flight has %q, want %q", got, want)
					}
					time.Sleep(time.Second)
					c.Reply().Add("Vary", "Accept")
					c.Reply().Set("ETag", `"1"`)
					tt.end()
					return n, nil
				}, resilience.Coalesce(byValue).Wrap)
				replies := map[string]*endpoint.Header{}
				var wg sync.WaitGroup
				for _, who := range []string{"ada", "bob", "cyd"} {
					ctx := first
					if who != "ada" {
						ctx, _ = callOf(t, t.Context(), who)
					}
					replies[who] = endpoint.CallFrom(ctx).Reply()
					wg.Go(func() { _ = panicOf(func() { _, _ = e(ctx, 1) }) })
					synctest.Wait()
				}
				wg.Wait()
				for who, reply := range replies {
					want := map[string][]string{"X-Request": {who}, "Vary": {"Origin", "Accept"}, "Etag": {`"1"`}}
					require.Equal(t, want, reply.Raw(), "of %s", who)
				}
			})
		})
	}
}

// TestCoalesceOutlivesCall: the flight goes on when the first caller's call is over,
// and neither reads nor writes what belonged to that.
func TestCoalesceOutlivesCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cancelled, cancel := context.WithCancel(t.Context())
		first, end := callOf(t, cancelled, "ada")
		call := endpoint.CallFrom(first)
		call.SetValues(func(c *endpoint.Call, key any) any {
			if key == (scopeKey{}) {
				return c.Header().Get("X-Who")
			}
			return nil
		})
		e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
			for range 10 {
				c := endpoint.CallFrom(ctx)
				got := fmt.Sprint(c.Peer(), c.Principal(), c.Header().Get("X-Who"), ctx.Value(scopeKey{}), c.Reply().Get("X-Request"))
				if want := "peer of adaadaadaadaada"; got != want {
					t.Errorf("the flight has %q, want %q", got, want)
				}
				c.Reply().Set("ETag", `"1"`)
				time.Sleep(time.Second)
			}
			return n, nil
		}, resilience.Coalesce(byValue).Wrap)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := e(first, 1)
			if endpoint.CodeOf(err) != endpoint.Canceled {
				t.Errorf("the first caller gets %v", err)
			}
			if got := call.Reply().Get("ETag"); got != "" {
				t.Errorf("the first caller left, and its reply has the tag %s", got)
			}
			end()
		})
		synctest.Wait()
		other, _ := callOf(t, t.Context(), "bob")
		wg.Go(func() {
			if _, err := e(other, 1); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(5 * time.Second)
		cancel()
		wg.Wait()
		require.Empty(t, call.Reply().Raw())
		require.Equal(t, `"1"`, endpoint.CallFrom(other).Reply().Get("ETag"))
	})
}

// TestCoalescePriority: nobody waits for a flight that is less important than the call,
// and a call without a reply has none for others.
func TestCoalescePriority(t *testing.T) {
	t.Parallel()
	type caller struct {
		priority resilience.Priority
		served   bool
	}
	low, high := caller{resilience.Sheddable, true}, caller{resilience.CriticalPlus, true}
	apart := caller{resilience.Critical, false}
	for _, tt := range []struct {
		name    string
		callers []caller
		flights int64
	}{
		{"the same", []caller{low, low, low}, 1},
		{"a more important one joins nobody, and is joined", []caller{low, high, low, high}, 2},
		{"a less important one joins", []caller{high, low}, 1},
		{"a call that is served does not join one that is not", []caller{apart, {resilience.Critical, true}, apart}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var f flights
				policy := resilience.Coalesce(byValue)
				e := endpoint.Chain(f.do, policy.Wrap)
				var wg sync.WaitGroup
				for _, c := range tt.callers {
					ctx := resilience.WithPriority(t.Context(), c.priority)
					if c.served {
						ctx, _ = callOf(t, ctx, "ada")
					}
					wg.Go(func() {
						if n, err := e(ctx, 1); n != 10 || err != nil {
							t.Errorf("a caller gets %d, %v", n, err)
						}
					})
					synctest.Wait()
				}
				wg.Wait()
				require.Equal(t, tt.flights, f.made.Load())
				wants(t, policy.Gauges, "", 0, 0)
				_, err := e(t.Context(), 1)
				require.NoError(t, err)
				require.Equal(t, tt.flights+1, f.made.Load(), "a flight that has ended is joined")
			})
		})
	}
}

// TestCoalesceReplies: over HTTP and gRPC each caller gets the headers that the flight
// set, even those who came over the other transport.
func TestCoalesceReplies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flights
		do := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
			n, err := f.do(ctx, n)
			reply := endpoint.CallFrom(ctx).Reply()
			reply.Set("ETag", `"1"`)
			reply.Set("X-Key-bin", "\x00\x01")
			return n, err
		}, resilience.Coalesce(byValue).Wrap)
		read := client(t, served(t, allOf(func(ctx context.Context) error { _, err := do(ctx, 1); return err })), replied(t)).Read
		left := overGRPC(t, &remaining{Time: func(ctx context.Context, _ seen) (left, error) {
			_, err := do(ctx, 1)
			return left{}, err
		}}, nil, []endpoint.Layer{replied(t)}).Time
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := read(t.Context(), ask{1}); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := left(t.Context(), seen{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, f.made.Load())
	})
}

// replied is a layer of a client that wants the headers of TestCoalesceReplies.
func replied(t *testing.T) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			reply := endpoint.CallFrom(ctx).Reply()
			if tag, key := reply.Get("etag"), reply.Get("x-key-bin"); tag != `"1"` || key != "\x00\x01" {
				t.Errorf("a caller gets the tag %q and the key %q", tag, key)
			}
			return err
		}, nil
	})
}
