package resilience_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// workshop is a server with some workers. A call waits for one, also after its
// caller gave up: that is what ruins a server under overload.
type workshop struct {
	workers chan struct{}
	mean    time.Duration
	mu      sync.Mutex    // guards the fields below
	delay   time.Duration // that no worker is needed for
	random  *rand.Rand
}

func newWorkshop(workers int) *workshop {
	return &workshop{workers: make(chan struct{}, workers), mean: 10 * time.Millisecond, random: rand.New(rand.NewPCG(1, 2))}
}

// capacity is the calls that it can end in a second.
func (s *workshop) capacity() float64 { return float64(cap(s.workers)) / s.mean.Seconds() }

// serve works for a time that varies. It sleeps in the test's bubble.
func (s *workshop) serve(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
	s.mu.Lock()
	delay, took := s.delay, s.mean/2+time.Duration(s.random.ExpFloat64()*float64(s.mean/2))
	s.mu.Unlock()
	time.Sleep(delay)
	s.workers <- struct{}{}
	defer func() { <-s.workers }()
	time.Sleep(took)
	return endpoint.Empty{}, ctx.Err()
}

// tally counts calls that began in one second, by their priority.
type tally struct{ offered, good [4]int }

func (t *tally) add(o tally) {
	for i := range t.offered {
		t.offered[i] += o.offered[i]
		t.good[i] += o.good[i]
	}
}

func (t *tally) sum() (offered, good int) {
	for i := range t.offered {
		offered, good = offered+t.offered[i], good+t.good[i]
	}
	return offered, good
}

// loss is the share of the calls of a priority that failed.
func (t *tally) loss(p resilience.Priority) float64 {
	i := int(p - resilience.Sheddable)
	return 1 - float64(t.good[i])/float64(max(t.offered[i], 1))
}

// mix is how calls spread over priorities, in percent from Sheddable upwards:
// those of Critical and above alone are three quarters of the capacity when three
// times the capacity is offered.
var mix = [4]int{50, 25, 20, 5}

// callTimeout is how long callers wait.
const callTimeout = 200 * time.Millisecond

// offerMix makes calls at random moments, rate of them a second, and returns a tally for each second. It sleeps in the test's bubble.
func offerMix(seconds int, rate float64, e endpoint.Endpoint[endpoint.Empty, endpoint.Empty], seed uint64) []tally {
	random := rand.New(rand.NewPCG(seed, 0))
	tallies := make([]tally, seconds)
	var mu sync.Mutex
	var calls sync.WaitGroup
	start := time.Now()
	for {
		time.Sleep(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		second := int(time.Since(start) / time.Second)
		if second >= seconds {
			break
		}
		rank, n := 0, random.IntN(100)
		for n >= mix[rank] {
			n -= mix[rank]
			rank++
		}
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(resilience.WithPriority(context.Background(), resilience.Sheddable+resilience.Priority(rank)), callTimeout)
			defer cancel()
			_, err := e(ctx, endpoint.Empty{})
			mu.Lock()
			defer mu.Unlock()
			tallies[second].offered[rank]++
			if err == nil {
				tallies[second].good[rank]++
			}
		})
	}
	calls.Wait()
	return tallies
}

// total returns the sum of the tallies, and the calls that were good in a second.
func total(tallies []tally) (all tally, goodput float64) {
	for _, t := range tallies {
		all.add(t)
	}
	_, good := all.sum()
	return all, float64(good) / float64(len(tallies))
}

// TestShedOverload: at three times its capacity, a server goes on at its best,
// what is lost is what matters least, and afterwards nothing is left of it.
// Without a Shed the same server does nothing useful.
func TestShedOverload(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		workers int
		calm    int     // seconds before the overload
		seconds int     // of it
		good    float64 // of the capacity
	}{
		{"10 workers", 10, 10, 60, 0.98},
		{"4 workers", 4, 10, 20, 0.98},
		{"2 workers", 2, 10, 20, 0.95},
		{"from the start", 10, 0, 10, 0.98},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newWorkshop(tt.workers)
				e := resilience.NewShed().Wrap(s.serve)
				if tt.calm > 0 {
					calm, _ := total(offerMix(tt.calm, 0.7*s.capacity(), e, 1))
					if loss := calm.loss(resilience.SheddablePlus); loss > 0.01 {
						t.Errorf("calm: %.1f %% of the SHEDDABLE_PLUS calls are lost", 100*loss)
					}
				}
				over, goodput := total(offerMix(tt.seconds, 3*s.capacity(), e, 2))
				if goodput < tt.good*s.capacity() {
					t.Errorf("overload: %.0f good calls a second, want %.2f of %.0f", goodput, tt.good, s.capacity())
				}
				for _, p := range []resilience.Priority{resilience.Critical, resilience.CriticalPlus} {
					if loss := over.loss(p); loss > 0.01 {
						t.Errorf("overload: %.2f %% of the %v calls are lost", 100*loss, p)
					}
				}
				if loss := over.loss(resilience.Sheddable); loss < 0.9 {
					t.Errorf("overload: only %.0f %% of the SHEDDABLE calls are shed", 100*loss)
				}
				after := offerMix(10, 0.7*s.capacity(), e, 3)
				for i, second := range after[5:] {
					if offered, good := second.sum(); float64(good) < 0.95*float64(offered) {
						t.Errorf("second %d after the overload: %d of %d calls are good", i+5, good, offered)
					}
				}
			})
		})
	}
	t.Run("without", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newWorkshop(4)
			if _, goodput := total(offerMix(10, 3*s.capacity(), s.serve, 2)); goodput > 0.1*s.capacity() {
				t.Errorf("%.0f good calls a second without a Shed: this test proves nothing", goodput)
			}
		})
	})
}

// TestShedColdStart: a server that is started into an overload never saw how fast
// it is. That its callers give up tells it enough.
func TestShedColdStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newWorkshop(1)
		_, goodput := total(offerMix(30, 3*s.capacity(), resilience.NewShed().Wrap(s.serve), 2))
		if goodput < 0.5*s.capacity() {
			t.Errorf("%.0f good calls a second, want half of %.0f", goodput, s.capacity())
		}
	})
}

// TestShedSlowDependency: when calls wait for something that fewer of them do
// not make faster, a Shed learns it within seconds and lets them all pass.
func TestShedSlowDependency(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		workers, learned int // seconds
	}{
		{"many calls at a time", 20, 3},
		{"as few as the lowest limit", 4, 17},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newWorkshop(tt.workers)
				e := resilience.NewShed().Wrap(s.serve)
				offerMix(10, 0.4*s.capacity(), e, 1)
				s.mu.Lock()
				s.delay = 50 * time.Millisecond
				s.mu.Unlock()
				slow := offerMix(tt.learned+5, 0.4*s.capacity(), e, 2)
				for i, second := range slow[tt.learned:] {
					if offered, good := second.sum(); float64(good) < 0.99*float64(offered) {
						t.Errorf("second %d: %d of %d calls are good", i+tt.learned, good, offered)
					}
				}
				all, _ := total(slow)
				if loss := all.loss(resilience.Critical); loss > 0.02 {
					t.Errorf("%.1f %% of the critical calls are lost", 100*loss)
				}
			})
		})
	}
}
