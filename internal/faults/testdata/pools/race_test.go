package x

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

type rconn struct {
	addr   string
	closed atomic.Int32
	inuse  atomic.Int32
	bad    *atomic.Int64
}

func (c *rconn) Close() error {
	if c.closed.Add(1) != 1 {
		c.bad.Add(1)
	}
	if c.inuse.Load() != 0 {
		c.bad.Add(1)
	}
	return nil
}

// All at once, with -race: no connection is used after its close, each is closed once.
func TestChurnRace(t *testing.T) {
	for _, b := range []discover.Balancer{discover.PeakEWMA(), discover.Weighted(), discover.RoundRobin(), discover.LeastRequest(), discover.Random()} {
		var bad, open atomic.Int64
		var mu sync.Mutex
		var all []*rconn
		p := discover.New(func(_ context.Context, addr string) (*rconn, error) {
			if rand.IntN(10) == 0 {
				return nil, errors.New("no")
			}
			c := &rconn{addr: addr, bad: &bad}
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			return c, nil
		}, discover.Balance(b), discover.Zone("a"), discover.Grace(20*time.Millisecond), discover.Eject(2, 5*time.Millisecond), discover.SlowStart(20*time.Millisecond),
			discover.OnEvent(func(context.Context, endpoint.Event) {}))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		ended := make(chan struct{})
		src := func() discover.Source { return churn{} }
		go func() { _ = p.Run(ctx, src()); close(ended) }()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				target := p.For(&endpoint.Operation{})
				for ctx.Err() == nil {
					c, tok, err := target.Acquire(ctx)
					if err != nil {
						continue
					}
					c.inuse.Add(1)
					if c.closed.Load() != 0 {
						bad.Add(1)
					}
					runtime.Gosched()
					c.inuse.Add(-1)
					var e error
					switch rand.IntN(6) {
					case 0:
						e = errDead
					case 1:
						e = context.Canceled
					}
					target.Release(tok, e)
				}
			})
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				for range p.Gauges {
				}
				p.For(nil)
				time.Sleep(5 * time.Millisecond)
			}
		})
		<-ended
		wg.Wait()
		time.Sleep(50 * time.Millisecond)
		mu.Lock()
		for _, c := range all {
			if c.closed.Load() != 1 {
				open.Add(1)
			}
		}
		t.Logf("%d connections, %d misused, %d not closed once", len(all), bad.Load(), open.Load())
		if bad.Load()+open.Load() != 0 {
			t.Error("broken")
		}
		mu.Unlock()
		cancel()
	}
}

type churn struct{}

func (churn) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for ctx.Err() == nil {
			var set []discover.Instance
			for range rand.IntN(12) {
				set = append(set, discover.Instance{Addr: fmt.Sprint(rand.IntN(20)), Weight: float64(rand.IntN(3)), Zone: []string{"a", "b"}[rand.IntN(2)], Priority: rand.IntN(2)})
			}
			var err error
			if rand.IntN(8) == 0 {
				set, err = nil, errors.New("away")
			}
			if !yield(set, err) { // not sorted, on purpose
				return
			}
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		}
	}
}

// Events of a breaker in the order in which they happened? (A listener that keeps the last one as the state.)
func TestBreakerEventOrder(t *testing.T) {
	var mu sync.Mutex
	var kinds []string
	b := resilience.NewBreaker(1, resilience.Cooldown(200*time.Microsecond), resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
		if e.Kind == "rejected" {
			return
		}
		mu.Lock()
		kinds = append(kinds, e.Kind)
		mu.Unlock()
	}))
	e := b.Wrap(endpoint.Endpoint[int, int](func(context.Context, int) (int, error) {
		if rand.IntN(3) == 0 {
			return 0, errDead
		}
		return 0, nil
	}))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
				_, _ = e(t.Context(), 0)
			}
		})
	}
	wg.Wait()
	next := map[string]string{"opened": "half-open", "half-open": "closed opened", "closed": "opened"}
	odd := 0
	var sample []string
	for i := 1; i < len(kinds); i++ {
		if !contains(next[kinds[i-1]], kinds[i]) {
			odd++
			if len(sample) < 5 {
				sample = append(sample, kinds[i-1]+" then "+kinds[i])
			}
		}
	}
	t.Logf("%d changes of state, %d told in an order that cannot have been: %v", len(kinds), odd, sample)
}

func contains(s, w string) bool {
	for len(s) >= len(w) {
		if s[:len(w)] == w {
			return true
		}
		s = s[1:]
	}
	return false
}

// A hung instance beside a healthy one, callers that give up by themselves (cancel), no Timeout: is it ever ejected?
func TestHungIsEjected(t *testing.T) {
	for name, b := range map[string]discover.Balancer{"ewma": discover.PeakEWMA(), "least": discover.LeastRequest(), "rr": discover.RoundRobin(), "random": discover.Random()} {
		synctest.Test(t, func(t *testing.T) {
			dial := func(_ context.Context, addr string) (endpoint.Endpoint[string, string], error) {
				return func(ctx context.Context, _ string) (string, error) {
					if addr == "hung" {
						<-ctx.Done()
						return "", ctx.Err()
					}
					time.Sleep(5 * time.Millisecond)
					return addr, nil
				}, nil
			}
			ejected := 0
			p := discover.New(dial, discover.Balance(b), discover.OnEvent(func(_ context.Context, e endpoint.Event) {
				if e.Kind == "ejected" {
					ejected++
				}
			}))
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { _ = p.Run(ctx, discover.Static("hung", "ok")); close(ended) }()
			hedged := endpoint.Chain(discover.Balanced[string, string](p), resilience.NewHedge(20*time.Millisecond).Wrap)
			slow, gaveUp := 0, 0
			const calls = 2000
			for range calls {
				c, stop := context.WithCancel(ctx)
				timer := time.AfterFunc(time.Second, stop) // the user goes away
				start := time.Now()
				_, err := hedged(c, "")
				if err != nil {
					gaveUp++
				} else if time.Since(start) > 15*time.Millisecond {
					slow++
				}
				timer.Stop()
				stop()
				time.Sleep(20 * time.Millisecond)
			}
			t.Logf("%s: of %d calls %d needed the hedge, %d were given up after 1 s; ejected %d times", name, calls, slow, gaveUp, ejected)
			cancel()
			<-ended
			time.Sleep(time.Second)
		})
	}
}

// The volume of retries when all fails: "a tenth more load, also when all fails".
func TestBudgetHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		r := resilience.NewRetry(10)
		e := r.Wrap(endpoint.Endpoint[int, int](func(context.Context, int) (int, error) { n.Add(1); time.Sleep(time.Millisecond); return 0, errDead }))
		var wg sync.WaitGroup
		const calls = 100000
		for range 100 {
			wg.Go(func() {
				for range calls / 100 {
					_, _ = e(t.Context(), 0)
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		t.Logf("%d calls: %d attempts, %.3f each", calls, n.Load(), float64(n.Load())/calls)
	})
}
