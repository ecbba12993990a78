package discover_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// TestServingAgain: an instance that was dead serves again after one success.
func TestServingAgain(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a")
		synctest.Wait()
		end := func(err error) {
			_, token, aerr := w.pool.Acquire(w.t.Context())
			require.NoError(w.t, aerr)
			w.pool.Release(token, err)
		}
		for n := range 12 {
			end(errDown)
			want := 1.0
			if n >= 4 {
				want = 0
			}
			require.InDelta(w.t, want, gauge(w.pool, "serving"), 0, "after %d failures", n+1)
		}
		end(nil)
		require.InDelta(w.t, 1, gauge(w.pool, "serving"), 0)
	}, discover.Eject(5, time.Hour))
}

// TestAgeOfFixed: a set that never changes has no age. It sleeps in a bubble.
func TestAgeOfFixed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		source discover.Source
		want   float64
	}{
		"Fixed":        {discover.Fixed(discover.Instance{Addr: "a"}), 0},
		"Static":       {discover.Static("a"), 0},
		"a func":       {discover.SourceFunc(discover.Static("a").Watch), 60},
		"an empty one": {discover.Static(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := follow(t, discover.New((&dialer{}).dial), tt.source)
				time.Sleep(time.Minute)
				require.InDelta(t, tt.want, pool.Age().Seconds(), 0)
				var seen []endpoint.Gauge
				for g := range pool.Gauges {
					if g.Metric == "age_seconds" {
						seen = append(seen, g)
					}
				}
				require.Len(t, seen, 1)
				require.InDelta(t, tt.want, seen[0].Value, 0)
				require.NoError(t, pool.Close())
			})
		})
	}
}

// TestOut names the instance that is ejected.
func TestOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1, 1, 1), discover.Balance(discover.RoundRobin()))
		out := func() map[string]float64 {
			all := map[string]float64{}
			for g := range pool.Gauges {
				if g.Metric == "out" {
					all[g.Detail] = g.Value
				}
			}
			return all
		}
		require.Equal(t, map[string]float64{"0": 0, "1": 0, "2": 0}, out())
		fail(t, pool, 60, "1")
		require.Equal(t, map[string]float64{"0": 0, "1": 1, "2": 0}, out())
	})
}
