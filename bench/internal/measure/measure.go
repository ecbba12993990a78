// Package measure compares ways of doing the same thing, in one process and one
// interleaved run.
//
// Machines are shared and change their speed while a program runs, so a time by
// itself says little. Every round of a [Run] times every case once, those that
// are compared right after each other; a [Ratio] is the median of the ratios of
// the rounds. What slows the machine for a second slows both sides of a ratio.
package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"
)

// A Case is one thing to measure.
type Case struct {
	// Group joins the cases that are compared with each other: in each round
	// they are timed one after the other.
	Group string
	// Kind tells the cases of a group apart.
	Kind string
	// Run does the work n times. It must use the results of the work, so that
	// the compiler cannot remove it: a Run that adds them up and compares the
	// sum does, and finds wrong answers too. Its error ends the measurement.
	Run func(n int) error
	// Clock is what is measured in place of the time on the wall: it returns how
	// much of something was used so far, such as a process' processor time. It
	// may be nil.
	Clock func() (time.Duration, error)
	// Windows is how many windows long one is for this case, whose iterations are
	// slow or unsteady; 0 means 1.
	Windows int
}

// Config says how long to measure.
type Config struct {
	// Rounds is how often each case is timed.
	Rounds int
	// Window is how long a case is timed in one round, roughly: the number of
	// iterations is chosen for it.
	Window time.Duration
	// Progress is told how far the run is; it may be nil.
	Progress *Progress
	// Seed fixes the order of the cases in each round.
	Seed uint64
}

// A Result is what was measured for one case.
type Result struct {
	// Group and Kind are those of the case.
	Group, Kind string
	// NS holds the nanoseconds for one iteration, of each round.
	NS []float64
	// Allocs and Bytes are the heap allocations of one iteration.
	Allocs, Bytes float64
}

// Median returns the median time of an iteration in nanoseconds.
func (r *Result) Median() float64 { return Median(r.NS) }

// Run measures the cases and returns a result for each, in their order. It ends
// early with the error of a case or of ctx.
func Run(ctx context.Context, cases []Case, cfg Config) ([]Result, error) {
	results := make([]Result, len(cases))
	iterations := make([]int, len(cases))
	for i, c := range cases {
		results[i].Group, results[i].Kind = c.Group, c.Kind
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cfg.Progress.Step("preparing", i, len(cases))
		n, err := calibrate(c, c.window(cfg))
		if err != nil {
			return nil, err
		}
		iterations[i] = n
		if results[i].Allocs, results[i].Bytes, err = allocations(c); err != nil {
			return nil, err
		}
	}
	random := rand.New(rand.NewPCG(cfg.Seed, cfg.Seed))
	for round := range cfg.Rounds {
		phase := fmt.Sprintf("round %d of %d", round+1, cfg.Rounds)
		for done, i := range order(cases, random) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			cfg.Progress.Step(phase, round*len(cases)+done, cfg.Rounds*len(cases))
			elapsed, err := window(cases[i], iterations[i], random)
			if err != nil {
				return nil, err
			}
			ns := float64(elapsed.Nanoseconds()) / float64(iterations[i])
			results[i].NS = append(results[i].NS, ns)
			iterations[i] = fit(iterations[i], elapsed, cases[i].window(cfg))
		}
	}
	cfg.Progress.Done()
	return results, nil
}

// order returns the indices of the cases as one round takes them: the groups in
// random order, and within each its cases in random order. No case then always
// follows the same one, whose garbage or cache lines it would inherit.
func order(cases []Case, random *rand.Rand) []int {
	var names []string
	groups := make(map[string][]int)
	for i, c := range cases {
		if groups[c.Group] == nil {
			names = append(names, c.Group)
		}
		groups[c.Group] = append(groups[c.Group], i)
	}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	all := make([]int, 0, len(cases))
	for _, name := range names {
		group := groups[name]
		random.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		all = append(all, group...)
	}
	return all
}

// calibrate returns how many iterations fill the window.
func calibrate(c Case, want time.Duration) (int, error) {
	// Enough for the clock's resolution and a cold start.
	enough := max(50*time.Microsecond, want/16)
	for n := 1; ; n *= 2 {
		elapsed, err := c.timed(n)
		if err != nil {
			return 0, err
		}
		if elapsed >= enough {
			return fit(n, elapsed, want), nil
		}
	}
}

// fit returns the number of iterations that fill the window when n took elapsed.
// It grows and shrinks by steps: one interrupted window does not spoil the next.
func fit(n int, elapsed, want time.Duration) int {
	factor := float64(want) / float64(max(elapsed, 1))
	return max(1, int(float64(n)*min(max(factor, 0.5), 100)))
}

// window times one window of n iterations.
func window(c Case, n int, random *rand.Rand) (time.Duration, error) {
	// The garbage of the case before is not collected on the time of this one, nor
	// is its memory given back to the system; what this one makes is. The
	// iterations before the timed ones wake caches and branch predictors, and as
	// their number is random, the window begins anywhere between two collections:
	// a window that always began after one would see too few of them.
	debug.FreeOSMemory()
	if err := c.run(n/16 + 1 + random.IntN(n)); err != nil {
		return 0, err
	}
	return c.timed(n)
}

// timed returns what n iterations take by the clock of the case.
func (c Case) timed(n int) (time.Duration, error) {
	clock := c.Clock
	if clock == nil {
		start := time.Now()
		clock = func() (time.Duration, error) { return time.Since(start), nil }
	}
	before, err := clock()
	if err == nil {
		err = c.Run(n)
	}
	if err != nil {
		return 0, c.named(err)
	}
	after, err := clock()
	return after - before, c.named(err)
}

// window returns how long the case is timed in one round.
func (c Case) window(cfg Config) time.Duration { return cfg.Window * time.Duration(max(c.Windows, 1)) }

// allocations counts the heap allocations of one iteration.
func allocations(c Case) (allocs, bytes float64, err error) {
	const n = 1000
	if err := c.run(1); err != nil {
		return 0, 0, err
	}
	// One thread, as testing.AllocsPerRun has it: no other goroutine of the
	// program allocates meanwhile.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = c.run(n)
	runtime.ReadMemStats(&after)
	// The runtime itself may allocate once or twice in the time: a whole number
	// for each iteration is what belongs to the case.
	perRun := func(a, b uint64) float64 { return float64((b - a) / n) }
	return perRun(before.Mallocs, after.Mallocs), perRun(before.TotalAlloc, after.TotalAlloc), err
}

func (c Case) run(n int) error { return c.named(c.Run(n)) }

// named returns err with the names of the case, nil for nil.
func (c Case) named(err error) error {
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.Group, c.Kind, err)
	}
	return nil
}
