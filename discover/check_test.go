package discover_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

var errUnwell = errors.New("not serving")

// probes are the probes of a test.
type probes struct {
	mu               sync.Mutex // guards the fields below
	bad              map[string]error
	hangs            map[string]bool
	stubborn         bool
	times            map[string][]time.Time
	running, atOnce  int
	closed, canceled int
}

func newProbes() *probes {
	return &probes{bad: map[string]error{}, hangs: map[string]bool{}, times: map[string][]time.Time{}}
}

// probe is the probe of an instance, for use in a bubble.
func (p *probes) probe(ctx context.Context, c *conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times[c.addr] = append(p.times[c.addr], time.Now())
	p.running++
	p.atOnce = max(p.atOnce, p.running)
	if p.hangs[c.addr] {
		p.mu.Unlock()
		if p.stubborn {
			time.Sleep(time.Minute)
		} else {
			<-ctx.Done()
		}
		p.mu.Lock()
		if errors.Is(ctx.Err(), context.Canceled) {
			p.canceled++
		}
	}
	c.dialer.mu.Lock()
	if c.closed {
		p.closed++
	}
	c.dialer.mu.Unlock()
	p.running--
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.bad[c.addr]
}

func (p *probes) set(addr string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad[addr] = err
}

// await sleeps until the instance was probed once more, in a bubble.
func (p *probes) await(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for before := len(p.times[addr]); len(p.times[addr]) == before; {
		p.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		p.mu.Lock()
	}
}

// TestCheck follows an instance through its probes. It sleeps in the bubble.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProbes()
			p.bad["b"] = errUnwell
			bubble(t, &dialer{}, func(w *world) {
				w.source.says("a", "b", "c")
				synctest.Wait()
				require.Equal(w.t, []string{"a", "c"}, w.reached(100), "the first probe decides")
				p.set("b", nil)
				p.await("b")
				require.Equal(w.t, []string{"a", "c"}, w.reached(100), "one success is not enough")
				p.await("b")
				require.Equal(w.t, []string{"a", "b", "c"}, w.reached(100))
				p.set("a", errUnwell)
				p.await("a")
				p.set("a", nil)
				p.await("a")
				require.Equal(w.t, []string{"a", "b", "c"}, w.reached(100), "one failure is not enough")
				p.set("a", errUnwell)
				time.Sleep(13 * time.Second)
				require.Equal(w.t, []string{"b", "c"}, w.reached(100))
				require.InDelta(w.t, 2, gauge(w.pool, "serving"), 0)
				require.Equal(w.t, []string{"unhealthy b", "joined a", "joined b", "joined c", "healthy b", "unhealthy a"}, w.kinds())
				require.ErrorIs(w.t, w.firstErr(), errUnwell)

				p.set("b", errUnwell)
				p.set("c", errUnwell)
				time.Sleep(13 * time.Second)
				require.Equal(w.t, []string{"a", "b", "c"}, w.reached(100), "no instance passes")
				require.InDelta(w.t, 0, gauge(w.pool, "serving"), 0)
				p.set("c", nil)
				time.Sleep(13 * time.Second)
				require.Equal(w.t, []string{"c"}, w.reached(100))
			}, discover.Balance(balancer()), discover.Check(p.probe))
		})
	}
}

// TestCheckOfTiers: a priority whose checks fail is left. It sleeps in the bubble.
func TestCheckOfTiers(t *testing.T) {
	t.Parallel()
	p := newProbes()
	p.bad["a"] = errUnwell
	p.bad["b"] = errUnwell
	bubble(t, &dialer{}, func(w *world) {
		w.source <- told{set: []discover.Instance{{Addr: "a"}, {Addr: "b"}, {Addr: "c", Priority: 1}, {Addr: "d", Priority: 1}}}
		synctest.Wait()
		require.Equal(w.t, []string{"c", "d"}, w.reached(100))
		p.set("a", nil)
		time.Sleep(13 * time.Second)
		require.Equal(w.t, []string{"a", "c", "d"}, w.reached(100))
		p.set("c", errUnwell)
		time.Sleep(13 * time.Second)
		require.Equal(w.t, []string{"a", "d"}, w.reached(100))
	}, discover.Check(p.probe), discover.Balance(discover.Random()))
}

// TestFirstSetIsHealthy: calls that wait for the first instance do not get one whose probe
// has failed while others are being dialled. It sleeps in the bubble.
func TestFirstSetIsHealthy(t *testing.T) {
	t.Parallel()
	p := newProbes()
	p.bad["a"] = errUnwell
	d := &dialer{slow: func(addr string) time.Duration {
		if addr == "b" {
			return 2 * time.Second
		}
		return 0
	}}
	bubble(t, d, func(w *world) {
		w.source.says("a", "b")
		require.Equal(w.t, "b", w.call())
	}, discover.Check(p.probe))
}

// TestCheckIntervals: probes come at random intervals around the one of the option, few at
// the same time, and a probe has a time. It sleeps in the bubble.
func TestCheckIntervals(t *testing.T) {
	t.Parallel()
	p := newProbes()
	all := numbered(0, 50)
	for _, addr := range all {
		p.hangs[addr] = true
	}
	bubble(t, &dialer{}, func(w *world) {
		w.source.says(all...)
		time.Sleep(2 * time.Second)
		p.mu.Lock()
		require.Equal(w.t, 50, p.atOnce, "the first ones are bounded like dials")
		clear(p.hangs)
		p.hangs["00000"], p.hangs["00001"] = true, true
		p.atOnce = 0
		p.mu.Unlock()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		require.LessOrEqual(w.t, p.atOnce, 3)
		gaps := map[time.Duration]bool{}
		for i, at := range p.times["00007"][1:] {
			gap := at.Sub(p.times["00007"][i])
			if i > 0 {
				gaps[gap] = true
				require.GreaterOrEqual(w.t, gap, 7500*time.Millisecond)
				require.LessOrEqual(w.t, gap, 15*time.Second)
			}
		}
		require.Greater(w.t, len(gaps), 20)
		hung := p.times["00000"]
		require.GreaterOrEqual(w.t, hung[5].Sub(hung[4]), 8500*time.Millisecond, "a second more")
	}, discover.Check(p.probe, discover.CheckEvery(10*time.Second), discover.CheckAtOnce(3)))
}

// TestStubbornProbe ignores its context: its instance gets no calls, others are probed, and
// Run does not wait for it. It sleeps in the bubble.
func TestStubbornProbe(t *testing.T) {
	t.Parallel()
	p := newProbes()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a", "b")
		synctest.Wait()
		p.mu.Lock()
		p.hangs["a"], p.stubborn = true, true
		p.mu.Unlock()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(w.t, []string{"b"}, w.reached(100))
		p.mu.Lock()
		require.Len(w.t, p.times["a"], 2)
		require.GreaterOrEqual(w.t, len(p.times["b"]), 3)
		p.mu.Unlock()
		w.stop()
		begun := time.Now()
		w.ended <- <-w.ended
		require.Equal(w.t, time.Second, time.Since(begun))
		time.Sleep(time.Hour)
		require.Zero(w.t, p.closed, "the connection is open as long as it is probed")
	}, discover.Check(p.probe, discover.CheckAtOnce(1)), discover.Balance(discover.RoundRobin()))
}

// TestProbeOfRemoved ends with its instance, and its connection is closed afterwards. It
// sleeps in the bubble.
func TestProbeOfRemoved(t *testing.T) {
	t.Parallel()
	p := newProbes()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a", "b")
		synctest.Wait()
		p.mu.Lock()
		p.hangs["a"] = true
		p.mu.Unlock()
		time.Sleep(6300 * time.Millisecond) // it hangs for 10 s
		w.source.says("b")
		synctest.Wait()
		_, closes := w.dialer.counts()
		require.Equal(w.t, 1, closes)
		require.Equal(w.t, 1, p.canceled)
		require.Zero(w.t, p.closed)
	}, discover.Check(p.probe, discover.CheckTimeout(10*time.Second)))
}

// TestBrokenProbes fail. It sleeps in the bubble.
func TestBrokenProbes(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(){"panic": func() { panic("no") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first sync.Map
			bubble(t, &dialer{}, func(w *world) {
				w.source.says("a", "b")
				time.Sleep(30 * time.Second)
				synctest.Wait()
				require.Equal(w.t, []string{"b"}, w.reached(100))
				require.Contains(w.t, w.kinds(), "unhealthy a")
			}, discover.Check(func(_ context.Context, c *conn) error {
				if _, again := first.LoadOrStore(c.addr, true); again && c.addr == "a" {
					broken()
				}
				return nil
			}))
		})
	}
}

// TestCheckFaults are those of construction.
func TestCheckFaults(t *testing.T) {
	t.Parallel()
	dial := (&dialer{}).dial
	fine := func(context.Context, *conn) error { return nil }
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"nil": {discover.New(dial, discover.Check[*conn](nil)).Err(), "discover: option Check: the probe is nil"},
		"another type": {
			discover.New(dial, discover.Check(func(context.Context, string) error { return nil })).Err(),
			"discover: New: option Check: the probe takes string, and the connections of the pool are *discover_test.conn",
		},
		"Of": {discover.Of([]*conn{{}}, discover.Check(fine)).Err(), "discover: Of: option Check: nothing is dialled, so nothing is probed"},
		"options": {
			discover.New(dial, discover.Check(fine, nil, discover.CheckEvery(0), discover.CheckTimeout(-1), discover.CheckThresholds(0, 1), discover.CheckAtOnce(0))).Err(),
			`discover: option Check: option 1 of 5 is nil
discover: option CheckEvery: 0s is not positive
discover: option CheckTimeout: -1ns is not positive
discover: option CheckThresholds: 0 and 1 must be at least 1
discover: option CheckAtOnce: 0 is not positive`,
		},
	} {
		require.EqualError(t, tt.err, tt.want, name)
	}
	require.NoError(t, discover.New(dial, discover.Check(func(context.Context, any) error { return nil })).Err())
}

// TestFailIf sets which errors eject, and which make an instance look slow. It sleeps in
// the bubble.
func TestFailIf(t *testing.T) {
	t.Parallel()
	missing := endpoint.Errorf(endpoint.NotFound, "no such item")
	for name, balancer := range map[string]discover.Balancer{"RoundRobin": discover.RoundRobin(), "PeakEWMA": discover.PeakEWMA()} {
		for err, fails := range map[error]bool{missing: true, errDown: false, context.Canceled: false} {
			t.Run(name+"/"+err.Error(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					pool := running(t, weights(1, 1, 1), discover.Balance(balancer), discover.FailIf(nil), discover.FailIf(func(err error) bool {
						return err != nil && endpoint.CodeOf(err) != endpoint.Unavailable
					}))
					bad := 0
					for range 300 {
						addr, token, aerr := pool.Acquire(t.Context())
						require.NoError(t, aerr)
						time.Sleep(10 * time.Millisecond)
						if addr == "1" {
							bad++
							pool.Release(token, err)
							continue
						}
						pool.Release(token, nil)
					}
					require.Equal(t, fails, bad <= 5, "%d calls", bad)
				})
			})
		}
	}
}

// TestEjectable sets the part that may be ejected.
func TestEjectable(t *testing.T) {
	t.Parallel()
	for part, want := range map[float64]float64{0: 1, 0.25: 2, 0.3: 3, 0.5: 5, 1: 5} {
		synctest.Test(t, func(t *testing.T) {
			pool := running(t, weights(make([]float64, 10)...), discover.Balance(discover.RoundRobin()), discover.Ejectable(part))
			fail(t, pool, 400, "1", "2", "3", "4", "5")
			require.InDelta(t, want, gauge(pool, "ejected"), 0, "a part of %v", part)
		})
	}
	for _, part := range []float64{-0.1, 1.1} {
		require.ErrorContains(t, discover.Of([]int{1}, discover.Ejectable(part)).Err(), "is not between 0 and 1")
	}
}
