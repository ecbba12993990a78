package balance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestClosedForms compares single servers with what queueing theory says of the
// mean time that a call takes, to 2 %.
func TestClosedForms(t *testing.T) {
	t.Parallel()
	const mean = 0.010 // seconds of work
	exponential := func(r *rand.Rand) float64 { return mean * r.ExpFloat64() }
	constant := func(*rand.Rand) float64 { return mean }
	// Two kinds of calls, the one 19 times as long as the other: the second
	// moment is 3.24 times the square of the mean.
	mixed := func(r *rand.Rand) float64 {
		if r.IntN(10) == 0 {
			return mean * 19 / 2.8
		}
		return mean / 2.8
	}
	mixedMoment := (0.1*19*19 + 0.9) / (2.8 * 2.8)
	for _, tt := range []struct {
		name  string
		load  float64
		limit int
		work  func(*rand.Rand) float64
		want  func(load float64) float64 // in means of the work
	}{
		{"M/M/1, half loaded", 0.5, 1, exponential, func(rho float64) float64 { return 1 / (1 - rho) }},
		{"M/M/1, loaded", 0.75, 1, exponential, func(rho float64) float64 { return 1 / (1 - rho) }},
		{"M/D/1", 0.75, 1, constant, pollaczek(1)},
		{"M/G/1", 0.6, 1, mixed, pollaczek(mixedMoment)},
		// What shares the server equally does not care for the distribution.
		{"M/M/1, shared", 0.6, 0, exponential, func(rho float64) float64 { return 1 / (1 - rho) }},
		{"M/G/1, shared", 0.6, 0, mixed, func(rho float64) float64 { return 1 / (1 - rho) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const calls = 500_000
			took := queue(tt.load/mean, tt.work, tt.limit, calls)
			sum := 0.0
			for _, d := range took {
				sum += d.Seconds()
			}
			got, want := sum/float64(len(took)), tt.want(tt.load)*mean
			if math.Abs(got/want-1) > 0.02 {
				t.Errorf("a call takes %.3f ms on average, want %.3f", 1000*got, 1000*want)
			}
			if tt.name == "M/M/1, half loaded" { // where the times are distributed exponentially
				got, want := quantile(took, 0.99).Seconds(), -math.Log(0.01)*want
				if math.Abs(got/want-1) > 0.02 {
					t.Errorf("99 %% take at most %.3f ms, want %.3f", 1000*got, 1000*want)
				}
			}
		})
	}
}

// pollaczek is the formula of Pollaczek and Khinchine, for a second moment of
// the work in squares of its mean.
func pollaczek(moment float64) func(load float64) float64 {
	return func(rho float64) float64 { return 1 + rho*moment/(2*(1-rho)) }
}

// queue returns how long calls take at one server with one core, which come at
// random.
func queue(perSecond float64, work func(*rand.Rand) float64, limit, calls int) []time.Duration {
	s := &sim{}
	r := newReplica(s, 1, limit)
	random := rand.New(rand.NewPCG(1, 2))
	took := make([]time.Duration, 0, calls)
	var arrive func()
	arrive = func() {
		begun := s.now
		r.serve(work(random), func() { took = append(took, s.now-begun) })
		if len(took) < calls {
			s.after(time.Duration(random.ExpFloat64()/perSecond*float64(time.Second)), arrive)
		}
	}
	arrive()
	s.run(math.MaxInt64)
	return took
}

func TestSimOrder(t *testing.T) {
	t.Parallel()
	s := &sim{}
	var got []int
	for i, at := range []time.Duration{5, 3, 5, 1, 3, 9, 0} {
		s.at(at, func() { got = append(got, i) })
	}
	s.at(4, func() { s.after(0, func() { got = append(got, 7) }) })
	s.run(8)
	if want := []int{6, 3, 1, 4, 7, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
}

// TestReplica follows three calls by hand: two share a core, then one is
// abandoned, then there are two cores.
func TestReplica(t *testing.T) {
	t.Parallel()
	s := &sim{}
	r := newReplica(s, 1, 0)
	ended := map[string]time.Duration{}
	end := func(name string) func() { return func() { ended[name] = s.now.Round(time.Millisecond) } }
	r.serve(1, end("a"))
	lost := r.serve(9, end("b"))
	s.at(time.Second, func() { r.abandon(lost) })                // a has half a second left
	s.at(1250*time.Millisecond, func() { r.serve(1, end("c")) }) // and here a quarter
	s.at(1350*time.Millisecond, func() { r.setCores(2) })        // and here 0.2 s, c 0.95
	s.run(time.Hour)
	if ended["a"] != 1550*time.Millisecond || ended["c"] != 2300*time.Millisecond || len(ended) != 2 || r.pending() != 0 {
		t.Errorf("they ended at %v, %d are left", ended, r.pending())
	}

	r = newReplica(s, 1, 1)
	r.serve(1, end("first"))
	waiting := r.serve(1, end("second"))
	r.serve(1, end("third"))
	r.abandon(waiting)
	s.run(2 * time.Hour)
	if ended["third"]-ended["first"] != time.Second || ended["second"] != 0 {
		t.Errorf("they ended at %v", ended)
	}
}

// simulate returns what came of one run, in a bubble.
func simulate(t *testing.T, s setting, m maker) outcome {
	t.Helper()
	var o outcome
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(s)
		o = w.run(m.make(t, w))
	})
	return o
}

// simulateAll returns what came of the setting for each policy, load and seed.
func simulateAll(t *testing.T, base setting, loads []float64, seeds int) results {
	t.Helper()
	var mu sync.Mutex
	r := results{}
	t.Run("runs", func(t *testing.T) {
		for _, m := range makers() {
			for _, load := range loads {
				for seed := range seeds {
					s := base
					s.load, s.seed = load, uint64(seed+1)
					t.Run(fmt.Sprintf("%s, %.2f, seed %d", m.name, load, seed+1), func(t *testing.T) {
						t.Parallel()
						o := simulate(t, s, m)
						mu.Lock()
						defer mu.Unlock()
						r.add(cell{m.name, load}, &o)
					})
				}
			}
		}
	})
	return r
}

// TestSmoke runs a small setting: what looks at its replicas beats what does not,
// and nothing beats the oracle by much.
func TestSmoke(t *testing.T) { //nolint:tparallel // its subtests are, within one that it waits for
	t.Parallel()
	base := setting{replicas: 20, clients: 10, warm: 2 * time.Second, time: 6 * time.Second}
	r := simulateAll(t, base, []float64{1.41}, 2)
	const tail = 2 // of metrics
	at := func(policy string) float64 { return r.median(cell{policy, 1.41}, tail) }
	for _, clever := range []string{byDefault, "LeastRequest", prequal} {
		for _, blind := range []string{"RoundRobin", "Random"} {
			if at(clever) > 0.8*at(blind) {
				t.Errorf("99 %% of the calls take %.0f ms by %s, %.0f by %s", at(clever), clever, at(blind), blind)
			}
		}
		if at(clever) < 0.9*at(oracle) {
			t.Errorf("99 %% of the calls take %.0f ms by %s, and %.0f by the oracle", at(clever), clever, at(oracle))
		}
	}
}
