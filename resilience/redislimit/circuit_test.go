package redislimit_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

// An outage is load on a Quota, and how long its calls take.
type outage struct {
	throttle *redislimit.Throttle
	call     endpoint.Endpoint[int, int]
	calls    atomic.Int64 // that have ended
	failed   atomic.Int64

	mu    sync.Mutex // guards the fields below
	first time.Time  // the first failure
	spans []span
}

type span struct{ start, end time.Time }

// load starts a call each 5 ms until the returned func is called, which waits for all.
func (o *outage) load(t *testing.T, client redis.UniversalClient, timeout time.Duration) (end func()) {
	t.Helper()
	o.throttle = redislimit.New(client, "outage", 1e6, 1e6, redislimit.Timeout(timeout))
	quota := resilience.NewQuota(o.throttle, resilience.AskWithin(patience), resilience.OnEvent(o.hear))
	o.call = endpoint.Chain(yes, quota.Wrap)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				group.Go(func() { o.one(t) })
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		group.Wait()
	}
}

func (o *outage) hear(_ context.Context, e endpoint.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Kind == "failed" {
		o.failed.Add(1)
		if o.first.IsZero() {
			o.first = time.Now()
		}
	}
}

func (o *outage) one(t *testing.T) {
	start := time.Now()
	_, err := o.call(context.WithoutCancel(t.Context()), 1)
	end := time.Now()
	if err != nil {
		t.Errorf("a call failed: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spans = append(o.spans, span{start, end})
	o.calls.Add(1)
}

// waits returns how long each call waited after the first failure, sorted.
func (o *outage) waits() []time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	var waits []time.Duration
	for _, s := range o.spans {
		if s.end.After(o.first) {
			waits = append(waits, s.end.Sub(later(s.start, o.first)))
		}
	}
	slices.Sort(waits)
	return waits
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// answers reports whether Redis decides about calls.
func (o *outage) answers(t *testing.T) bool {
	t.Helper()
	_, err := o.throttle.Take(t.Context(), "")
	return err == nil
}

// TestOutage stops and kills Redis under load. All calls pass, and none waits after the
// first time-out. The limit is back by itself.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		away func(*testing.T, *server)
		back func(*testing.T, *server)
	}{
		"stopped": {func(t *testing.T, s *server) { s.pause(t) }, func(t *testing.T, s *server) { s.resume(t) }},
		"killed":  {func(_ *testing.T, s *server) { s.kill() }, func(t *testing.T, s *server) { s.start(t) }},
	} {
		for kind, honest := range map[string]bool{"": false, " with ContextTimeoutEnabled": true} {
			t.Run(name+kind, func(t *testing.T) {
				t.Parallel()
				srv := newServer(t)
				client := redis.NewClient(&redis.Options{Addr: srv.addr, ContextTimeoutEnabled: honest})
				t.Cleanup(func() { _ = client.Close() })
				const timeout = time.Second
				var o outage
				end := o.load(t, client, timeout)
				eventually(t, "calls are made", func() bool { return o.calls.Load() > 50 })
				tt.away(t, srv)
				away := time.Now()
				eventually(t, "calls fail", func() bool { return o.failed.Load() > 500 })
				tt.back(t, srv)
				start := time.Now()
				eventually(t, "Redis is asked again", func() bool { return o.answers(t) })
				back := time.Since(start)
				end()
				waits := o.waits()
				t.Logf("%d calls after the first failure waited %v (median), %v (99 %%), %v (most); back after %v",
					len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1], back)
				require.Less(t, o.first.Sub(away), 3*time.Second, "the client alone waits for 5 s")
				// A machine that is busy may let a goroutine wait. Without the circuit all
				// calls would wait as long as the time-out.
				require.Less(t, waits[len(waits)-1], timeout/2)
				require.Less(t, waits[len(waits)/2], 5*time.Millisecond)
			})
		}
	}
}

// TestDefaultTimeout: a Redis that hangs is noticed long before the client does.
func TestDefaultTimeout(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	require.NoError(t, client.Ping(t.Context()).Err(), "the client is connected")
	srv.pause(t)
	start := time.Now()
	_, _, err := redislimit.New(client, "default", 1, 1).Allow(t.Context(), "")
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
	require.GreaterOrEqual(t, time.Since(start), redislimit.DefaultTimeout)
	require.Less(t, time.Since(start), 3*time.Second)
	srv.resume(t)
}

// TestOutageFailsClosed: what a failure means is up to the Quota. A single call at a time
// finds out that Redis is back.
func TestOutageFailsClosed(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	throttle := redislimit.New(newClient(t, srv), "closed", slow, 1000)
	quota := resilience.NewQuota(throttle, resilience.FailClosed(), resilience.AskWithin(patience))
	call := endpoint.Chain(yes, quota.Wrap)
	eventually(t, "a call passes", func() bool {
		_, err := call(t.Context(), 1)
		return err == nil
	})
	srv.kill()
	eventually(t, "the circuit is open", func() bool {
		_, err := call(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrOutOfCapacity)
		return true
	})
	srv.start(t)
	eventually(t, "a call passes again", func() bool {
		_, err := call(t.Context(), 1)
		return err == nil
	})
	_, err := newClient(t, srv).Get(t.Context(), "limit:closed:").Result()
	require.NoError(t, err, "the data was gone, and the limit counts again")
}

// A counter is a hook that counts the commands of a client.
type counter struct{ commands atomic.Int64 }

func (*counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			c.commands.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (*counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestProbes: there is one at a time however many calls there are, and none takes a token.
func TestProbes(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := redis.NewClient(&redis.Options{Addr: srv.addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	var count counter
	client.AddHook(&count)
	throttle := redislimit.New(client, "probes", slow, 100, redislimit.Timeout(time.Second))
	require.Equal(t, 1, take(t, throttle, "k", 1))
	srv.pause(t)
	count.commands.Store(0)
	_, err := throttle.Take(t.Context(), "k")
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
	start, calls := time.Now(), 0
	eventually(t, "three probes are made", func() bool {
		for range 100 {
			_, err := throttle.Take(t.Context(), "another")
			require.ErrorIs(t, err, redislimit.ErrUnavailable)
			calls++
		}
		return count.commands.Load() >= 1+3
	})
	require.GreaterOrEqual(t, time.Since(start), 2*time.Second, "each has the time-out, and %d calls share them", calls)
	srv.resume(t)
	var a redislimit.Answer
	eventually(t, "the circuit closes", func() bool {
		a, err = throttle.Take(t.Context(), "k")
		return err == nil
	})
	// Redis gets to the question that failed when it goes on.
	require.GreaterOrEqual(t, a.Remaining, 100-3)
}
