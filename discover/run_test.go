package discover_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestRunRefuses what it cannot follow, with an error.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	made := func() *discover.Pool[*conn] { return discover.New((&dialer{}).dial) }
	closed := made()
	require.NoError(t, closed.Close())
	for _, tt := range []struct {
		name string
		pool interface {
			Run(context.Context, discover.Source) error
		}
		source discover.Source
		want   string
	}{
		{"a nil source", made(), nil, "discover: Run: the source is nil"},
		{"a nil func", made(), discover.SourceFunc(nil), "discover: SourceFunc: the func is nil"},
		{"a source without a sequence", made(), discover.SourceFunc(noSequence), "discover: Run: Watch of the source returned nil"},
		{"for a pool of a slice", discover.Of([]int{1}), discover.Static("a"), "discover: Run: a pool made by Of does not follow a source"},
		{"for a pool that is closed", closed, discover.Static("a"), "discover: the pool is closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.pool.Run(t.Context(), tt.source), tt.want)
		})
	}
}

func noSequence(context.Context) iter.Seq2[[]discover.Instance, error] { return nil }

// TestRunOfASourceThatPanics ends the pool.
func TestRunOfASourceThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dialer{}
		pool := discover.New(d.dial)
		require.PanicsWithValue(t, "no registry", func() {
			_ = pool.Run(t.Context(), discover.SourceFunc(func(context.Context) iter.Seq2[[]discover.Instance, error] {
				return func(yield func([]discover.Instance, error) bool) {
					yield([]discover.Instance{{Addr: "a"}}, nil)
					synctest.Wait()
					panic("no registry")
				}
			}))
		})
		_, _, err := pool.Acquire(t.Context())
		require.ErrorIs(t, err, discover.ErrNoEndpoints)
		dials, closes := d.counts()
		require.Equal(t, 1, dials)
		require.Equal(t, 1, closes)
	})
}

// TestSourceFailedIsAnEventOnce for each time that the source cannot tell.
func TestSourceFailedIsAnEventOnce(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		var want []string
		for range 2 {
			w.source <- told{err: errSource}
			synctest.Wait()
			want = append(want, "source_failed")
			require.Equal(w.t, want, w.kinds())
			w.source <- told{err: errSource}
			synctest.Wait()
			require.Equal(w.t, want, w.kinds(), "of the second error")
			w.source.says("a")
			w.source.says("a")
			synctest.Wait()
			want = append(want, "source_recovered")
			if len(want) == 2 {
				want = append(want, "joined a")
			}
			require.Equal(w.t, want, w.kinds())
		}
	})
}

// TestErrorsAtTheEnd of a source that is told to end are nobody's business.
func TestErrorsAtTheEnd(t *testing.T) {
	t.Parallel()
	last := discover.SourceFunc(func(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
		return func(yield func([]discover.Instance, error) bool) {
			<-ctx.Done()
			yield(nil, errSource)
		}
	})
	for name, end := range map[string]func(pool *discover.Pool[*conn], cancel func()){
		"its context": func(_ *discover.Pool[*conn], cancel func()) { cancel() },
		"Close":       func(pool *discover.Pool[*conn], _ func()) { _ = pool.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t}
				pool := discover.New((&dialer{}).dial, discover.OnEvent(w.event))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error)
				go func() { ended <- pool.Run(ctx, last) }()
				synctest.Wait()
				end(pool, cancel)
				require.NoError(t, <-ended)
				require.Empty(t, w.kinds())
				_, _, err := pool.Acquire(t.Context())
				require.NotErrorIs(t, err, errSource)
				require.ErrorContains(t, err, "the pool is closed")
			})
		})
	}
}

// TestSetsAfterTheEnd have no effect: the source yields one when the pool is closed.
func TestSetsAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t}
		d := &dialer{}
		pool := discover.New(d.dial, discover.OnEvent(w.event))
		require.NoError(t, pool.Run(t.Context(), discover.SourceFunc(func(context.Context) iter.Seq2[[]discover.Instance, error] {
			return func(yield func([]discover.Instance, error) bool) {
				_ = pool.Close()
				yield([]discover.Instance{{Addr: "a"}}, nil)
			}
		})))
		require.Empty(t, w.kinds())
		require.Empty(t, d.perAddr)
		require.Zero(t, pool.Age())
	})
}
