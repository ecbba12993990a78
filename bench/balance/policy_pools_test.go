package balance

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// A maker makes a policy for a world.
type maker struct {
	name string
	make func(t *testing.T, w *world) policy
}

// makers returns all that is compared.
func makers() []maker {
	ours := func(name string, b func() discover.Balancer, weighted bool) maker {
		return maker{name, func(t *testing.T, w *world) policy {
			t.Helper()
			return newPools(t, w, b, weighted)
		}}
	}
	return []maker{
		ours("RoundRobin", discover.RoundRobin, false),
		ours("Random", discover.Random, false),
		ours("Weighted", discover.Weighted, true),
		ours("LeastRequest", discover.LeastRequest, false),
		ours(byDefault, discover.PeakEWMA, false),
		{prequal, func(_ *testing.T, w *world) policy { return newPrequal(w) }},
		{oracle, func(_ *testing.T, w *world) policy { return all{w} }},
	}
}

// pools are clients with a pool of discover each. They live in a bubble, whose
// clock they set to the time of the simulation before anything looks at it.
type pools struct {
	sim     *sim
	begun   time.Time
	targets []endpoint.Target[int]
}

// newPools returns pools that run until the test ends.
func newPools(t *testing.T, w *world, b func() discover.Balancer, weighted bool) *pools {
	t.Helper()
	p := &pools{sim: w.sim, begun: time.Now()}
	set := make([]discover.Instance, len(w.replicas))
	for i := range set {
		set[i].Addr = strconv.Itoa(i)
		if weighted { // by what a replica has on average, which nobody knows in advance
			set[i].Weight = w.mean[i]
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	t.Cleanup(func() {
		cancel()
		for range p.targets {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	for range w.clients {
		pool := discover.New(dial, discover.Balance(b()))
		go func() { ended <- pool.Run(ctx, discover.Fixed(set...)) }()
		p.targets = append(p.targets, pool.For(nil))
	}
	return p
}

// dial returns the number of the replica that an address is.
func dial(_ context.Context, addr string) (int, error) { return strconv.Atoi(addr) }

// tick sleeps until the clock of the bubble is that of the simulation: nothing else runs in it meanwhile.
func (p *pools) tick() { time.Sleep(p.sim.now - time.Since(p.begun)) }

func (p *pools) acquire(client int) (int, endpoint.Token) {
	p.tick()
	i, token, err := p.targets[client].Acquire(context.Background())
	if err != nil {
		panic(err) // the replicas are always there
	}
	return i, token
}

func (p *pools) release(client, _ int, t endpoint.Token, err error) {
	p.tick()
	p.targets[client].Release(t, err)
}
