package discover_test

import (
	"context"
	"iter"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// A slowDial is a dial that takes as long as its context lasts, or, if it is stubborn,
// for an hour.
type slowDial struct {
	dialer   *dialer
	slow     map[string]bool // the addresses it is slow for
	stubborn bool

	mu       sync.Mutex // guards the fields below
	contexts map[string]context.Context
	took     map[string]time.Duration
}

// dial dials, for use in a bubble.
func (d *slowDial) dial(ctx context.Context, addr string) (*conn, error) {
	d.mu.Lock()
	d.contexts[addr] = ctx
	d.mu.Unlock()
	begun := time.Now()
	switch {
	case !d.slow[addr]:
	case d.stubborn:
		time.Sleep(time.Hour)
	default:
		<-ctx.Done()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.took[addr] = time.Since(begun)
		return nil, ctx.Err()
	}
	return d.dialer.dial(ctx, addr)
}

type valueKey struct{}

// slowly runs the test with a pool whose dials are slow, in a bubble. It sees to it
// that what was dialled is closed.
func slowly(t *testing.T, d *slowDial, test func(w *world), opts ...discover.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d.dialer, d.contexts, d.took = &dialer{}, map[string]context.Context{}, map[string]time.Duration{}
		w := &world{t: t, source: make(scripted), dialer: d.dialer, ended: make(chan error, 1)}
		w.pool = discover.New(d.dial, append([]discover.Option{discover.DialTimeout(3 * time.Hour), discover.OnEvent(w.event)}, opts...)...)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), valueKey{}, "of Run"))
		w.stop = cancel
		go func() { w.ended <- w.pool.Run(ctx, w.source) }()
		synctest.Wait()
		test(w)
		cancel()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		dials, closes := d.dialer.counts()
		require.Equal(t, dials, closes, "closes of what was dialled")
		require.Zero(t, d.dialer.twice, "connections closed twice")
	})
}

// TestDialContextEnds when there is no use for the connection any more, and then Run
// waits for nothing. It sleeps in the bubble.
func TestDialContextEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(w *world)
		left []string // events
	}{
		{"the instance is removed", func(w *world) { w.source.says("b") }, []string{"joined b"}},
		{"no instance is left", func(w *world) { w.source.says() }, []string{"empty"}},
		{"the context of Run ends", func(w *world) { w.stop() }, nil},
		{"the source ends", func(w *world) { close(w.source) }, nil},
		{"Close", func(w *world) { require.NoError(w.t, w.pool.Close()) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &slowDial{slow: map[string]bool{"a": true}}
			slowly(t, d, func(w *world) {
				w.source.says("a")
				time.Sleep(time.Minute)
				synctest.Wait()
				require.NoError(w.t, d.contexts["a"].Err())
				require.Equal(w.t, "of Run", d.contexts["a"].Value(valueKey{}))
				tt.end(w)
				synctest.Wait()
				require.Equal(w.t, map[string]time.Duration{"a": time.Minute}, d.took)
				require.Equal(w.t, tt.left, w.kinds(), "a dial that was ended has not failed")
				w.stop()
				begun := time.Now()
				require.NoError(w.t, <-w.ended)
				require.Zero(w.t, time.Since(begun), "Run waited")
			})
		})
	}
}

// TestDialContextEndsWithTheDial: what a dial leaves behind under its context ends.
func TestDialContextEndsWithTheDial(t *testing.T) {
	t.Parallel()
	d := &slowDial{}
	slowly(t, d, func(w *world) {
		w.source.says("a")
		synctest.Wait()
		require.Equal(w.t, "a", w.call())
		require.ErrorIs(w.t, d.contexts["a"].Err(), context.Canceled)
	})
}

// TestStubbornDial ignores its context: it holds no place once its instance is removed,
// the pool ends without it, and the connection that it returns at last is closed. It
// sleeps in the bubble.
func TestStubbornDial(t *testing.T) {
	t.Parallel()
	slowly(t, &slowDial{slow: map[string]bool{"a": true, "c": true}, stubborn: true}, func(w *world) {
		w.source.says("a", "b")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(w.t, 0, gauge(w.pool, "serving"), 0, "a has the only place")
		w.source.says("b", "c")
		synctest.Wait()
		require.Equal(w.t, "b", w.call())
		time.Sleep(time.Minute)
		synctest.Wait()
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 1, dials)
		w.stop()
		begun := time.Now()
		require.NoError(w.t, <-w.ended)
		require.Equal(w.t, time.Second, time.Since(begun), "what Run gives the dials")
		_, _, err := w.pool.Acquire(w.t.Context())
		require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		dials, closes := w.dialer.counts()
		require.Equal(w.t, 3, dials)
		require.Equal(w.t, 3, closes)
		require.Equal(w.t, []string{"joined b", "left b"}, w.kinds())
	}, discover.Dials(1))
}

// TestHangingDials: a dial that takes too long gives its place to the next. It sleeps in the
// bubble.
func TestHangingDials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		stubborn bool
		takes    time.Duration
		opts     []discover.Option
		err      string
	}{
		{"to its context", false, 3 * time.Second, []discover.Option{discover.DialTimeout(3 * time.Second)}, "deadline exceeded"},
		{"stubborn", true, 3100 * time.Millisecond, []discover.Option{discover.DialTimeout(3 * time.Second)}, "did not return at the end of its context"},
		{"for a time of ours", false, time.Minute, []discover.Option{discover.DialTimeout(time.Minute)}, "deadline exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			slowly(t, &slowDial{slow: map[string]bool{"a": true, "b": true}, stubborn: tt.stubborn}, func(w *world) {
				w.source.says("a", "b", "c")
				time.Sleep(tt.takes - 1)
				synctest.Wait()
				require.InDelta(w.t, 0, gauge(w.pool, "serving"), 0)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				require.Equal(w.t, "c", w.call())
				require.Contains(w.t, w.kinds(), "dial_failed a")
				require.ErrorContains(w.t, w.firstErr(), tt.err)
				time.Sleep(61 * time.Minute)
				synctest.Wait()
				if tt.stubborn {
					require.Equal(w.t, map[string]int{"a": 1, "b": 1, "c": 1}, w.dialer.perAddr)
					require.Equal(w.t, []string{"a", "b", "c"}, w.reached(100), "connections that come late")
				} else {
					require.Equal(w.t, []string{"c"}, w.reached(100))
				}
			}, append(tt.opts, discover.Dials(2))...)
		})
	}
}

// TestHangingDialsByDefault: a call that waits for the first instance outwaits the dials
// before its own. It sleeps in the bubble.
func TestHangingDialsByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		pool := discover.New(func(_ context.Context, addr string) (string, error) {
			if addr != "good" {
				<-release
			}
			return addr, nil
		})
		ended := make(chan error)
		go func() { ended <- pool.Run(t.Context(), discover.Static(append(numbered(0, 64), "good")...)) }()
		require.Equal(t, map[string]int{"good": 1}, picks(t, pool, 1))
		require.NoError(t, pool.Close())
		require.NoError(t, <-ended)
		close(release)
	})
}

// TestRunAwaitsDials that take a little longer than their context. It sleeps in the
// bubble.
func TestRunAwaitsDials(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: 300 * time.Millisecond}, func(w *world) {
		w.source.says("a", "b")
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		w.stop()
		begun := time.Now()
		w.ended <- <-w.ended
		require.Equal(w.t, 200*time.Millisecond, time.Since(begun))
		dials, closes := w.dialer.counts()
		require.Equal(w.t, 2, dials)
		require.Equal(w.t, 2, closes)
	})
}

// TestRemovedDialEndsABurst: what is ready is published when the last dial that it
// waited for is given up.
func TestRemovedDialEndsABurst(t *testing.T) {
	t.Parallel()
	slowly(t, &slowDial{slow: map[string]bool{"b": true}}, func(w *world) {
		w.source.says("a", "b")
		synctest.Wait()
		require.InDelta(w.t, 0, gauge(w.pool, "serving"), 0)
		w.source.says("a")
		synctest.Wait()
		require.InDelta(w.t, 1, gauge(w.pool, "serving"), 0)
	})
}

// TestNothingIsDialledAtTheEnd has a source that yields a set when its context has
// ended.
func TestNothingIsDialledAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dialer{}
		pool := discover.New(d.dial)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, pool.Run(ctx, discover.SourceFunc(func(context.Context) iter.Seq2[[]discover.Instance, error] {
			return func(yield func([]discover.Instance, error) bool) { yield([]discover.Instance{{Addr: "a"}}, nil) }
		})))
		require.Empty(t, d.perAddr)
	})
}

// TestDialsAtOnce: as many as the option says, and whenever one is back the next. It
// sleeps in the bubble.
func TestDialsAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: time.Second}, func(w *world) {
		w.source.says(numbered(0, 10)...)
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 9, dials)
		require.Equal(w.t, 3, w.dialer.mostAtOnce)
		time.Sleep(time.Second)
		synctest.Wait()
		require.InDelta(w.t, 10, gauge(w.pool, "serving"), 0)
	}, discover.Dials(3))
}

// TestDialsThatReturnNothing fail, and are repeated like others.
func TestDialsThatReturnNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dial func() (*conn, error)
		want string
	}{
		{"nil", func() (*conn, error) { return nil, nil }, "neither a connection nor an error"},
		{"a panic", func() (*conn, error) { panic("no") }, "the dial func panicked: no"},
		{"Goexit", func() (*conn, error) { runtime.Goexit(); return nil, nil }, "runtime.Goexit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &dialer{}
				w := &world{t: t, source: make(scripted)}
				pool := discover.New(func(ctx context.Context, addr string) (*conn, error) {
					if d.count(addr) == 1 {
						return tt.dial()
					}
					return d.dial(ctx, addr)
				}, discover.Dials(1), discover.OnEvent(w.event))
				ended := make(chan error)
				go func() { ended <- pool.Run(t.Context(), w.source) }()
				w.source.says("a", "b")
				_, token, err := pool.Acquire(t.Context())
				require.NoError(t, err, "the second dial succeeds")
				pool.Release(token, nil)
				time.Sleep(time.Second) // in the bubble
				synctest.Wait()
				require.NoError(t, pool.Close())
				require.NoError(t, <-ended)
				require.Equal(t, []string{"dial_failed a", "dial_failed b"}, w.kinds()[:2])
				require.ErrorContains(t, w.events[0].Err, tt.want)
			})
		})
	}
}

// TestRemovedBeforeItsDial: an instance that is gone while it waits for a place is not
// dialled. It sleeps in the bubble.
func TestRemovedBeforeItsDial(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: time.Second}, func(w *world) {
		w.source.says("a", "b", "c")
		synctest.Wait()
		w.source.says("a", "c")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Equal(w.t, map[string]int{"a": 1, "c": 1}, w.dialer.perAddr)
		require.Equal(w.t, []string{"a", "c"}, w.reached(50))
	}, discover.Dials(1))
}

// TestTimesWithoutEnd: a dial and a probe that may take any time are not late. It sleeps
// in the bubble.
func TestTimesWithoutEnd(t *testing.T) {
	t.Parallel()
	check := func(context.Context, *conn) error {
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	bubble(t, &dialer{takes: time.Second}, func(w *world) {
		w.source.says("a")
		time.Sleep(time.Minute)
		require.Equal(w.t, []string{"joined a"}, w.kinds())
	}, discover.DialTimeout(math.MaxInt64), discover.Check(check, discover.CheckTimeout(math.MaxInt64)))
}
