package discover_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

var chaosSeed = flag.Uint64("chaos.seed", 0, "the seed of TestChaos; 0 for one at random")

// An outage is what is wrong with an instance.
type outage int

const (
	none     outage = iota
	dead            // refuses connections
	hanging         // answers when it is over
	slow            // takes ten times as long
	draining        // rejects calls, and says so to probes
	flapping        // is dead every other 100 ms
	removed         // is not in the set, and dead
	outages
)

// A fleet is the instances of a test, and what is wrong with them.
type fleet struct {
	mu     sync.Mutex // guards the fields below
	set    map[string]discover.Instance
	broken map[string]outage
	over   map[string]time.Time
	random *rand.Rand
	open   int
	calls  int // attempts
}

// newFleet returns ten instances of each of two priorities in three zones.
func newFleet(seed uint64) *fleet {
	f := &fleet{set: map[string]discover.Instance{}, broken: map[string]outage{}, over: map[string]time.Time{}, random: rand.New(rand.NewPCG(seed, 1))}
	for priority := range 2 {
		for i := range 10 {
			addr := fmt.Sprintf("%d-%d", priority, i)
			f.set[addr] = discover.Instance{Addr: addr, Priority: priority, Zone: string("aaaabbbccc"[i])}
		}
	}
	return f
}

// member is the connection to an instance.
type member struct {
	fleet *fleet
	addr  string
}

func (m *member) Close() error {
	m.fleet.mu.Lock()
	defer m.fleet.mu.Unlock()
	m.fleet.open--
	return nil
}

func (f *fleet) dial(_ context.Context, addr string) (*member, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
	return &member{f, addr}, nil
}

// state returns what is wrong with an instance, until when, and the time of a call.
func (f *fleet) state(addr string, calls int) (outage, time.Time, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls += calls
	return f.broken[addr], f.over[addr], time.Duration(5+f.random.IntN(10)) * time.Millisecond
}

var (
	errRefused  = endpoint.MarkNotSent(endpoint.Errorf(endpoint.Unavailable, "connection refused"))
	errDraining = endpoint.FromWire(endpoint.Unavailable, "", "", "draining")
)

// call makes a call of an instance, in a bubble.
func (m *member) call(ctx context.Context) error {
	what, over, takes := m.fleet.state(m.addr, 1)
	switch what {
	case dead, removed:
		return errRefused
	case draining:
		return errDraining
	case flapping:
		if time.Now().UnixMilli()/100%2 == 0 {
			return errRefused
		}
	case hanging:
		takes += time.Until(over)
	case slow:
		takes *= 10
	}
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// probe is the probe of an instance.
func probe(ctx context.Context, m *member) error {
	switch what, _, _ := m.fleet.state(m.addr, 0); what {
	case dead, removed:
		return errRefused
	case draining:
		return errDraining
	case hanging:
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// disturb ends what is over, and breaks another instance, if that leaves half of a zone
// that is able to serve. It returns what it did, and the set.
func (f *fleet) disturb() (string, []discover.Instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for addr, over := range f.over {
		if !time.Now().Before(over) {
			delete(f.over, addr)
			delete(f.broken, addr)
		}
	}
	addrs := slices.Sorted(maps.Keys(f.set))
	addr := addrs[f.random.IntN(len(addrs))]
	what := outage(1 + f.random.IntN(int(outages)-1))
	lasts := time.Duration(3+f.random.IntN(27)) * time.Second
	if what == hanging {
		lasts = 5 * time.Second
	}
	f.broken[addr], f.over[addr] = what, time.Now().Add(lasts)
	able, all := map[string]int{}, map[string]int{}
	for addr, in := range f.set {
		all[in.Zone]++
		if f.broken[addr] == none {
			able[in.Zone]++
		}
	}
	if !slices.ContainsFunc([]string{"a", "b", "c"}, func(zone string) bool { return 2*able[zone] >= all[zone] }) {
		delete(f.broken, addr)
		delete(f.over, addr)
	}
	var set []discover.Instance
	for _, addr := range addrs {
		if f.broken[addr] != removed {
			set = append(set, f.set[addr])
		}
	}
	return fmt.Sprintf("%d %s", what, addr), set
}

// TestChaos kills, hangs, slows, drains, re-adds and flaps instances for five minutes under
// a thousand calls a second. Replay a run with -chaos.seed. It sleeps in a bubble. Unless
// ENDPOINT_LONG is set, all but the first configuration have one minute.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for name, opts := range map[string][]discover.Option{
		"the default":              nil,
		"a zone and checks":        {discover.Zone("a"), discover.Check(probe)},
		"RoundRobin, a zone":       {discover.Balance(discover.RoundRobin()), discover.Zone("a")},
		"LeastRequest with checks": {discover.Balance(discover.LeastRequest()), discover.Check(probe)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("-chaos.seed=%d", seed)
			period := time.Minute
			if opts == nil || os.Getenv("ENDPOINT_LONG") != "" {
				period = 5 * time.Minute
			}
			synctest.Test(t, func(t *testing.T) { chaos(t, newFleet(seed), period, opts...) })
		})
	}
}

// chaos is TestChaos for a period with a pool of these options, in a bubble.
func chaos(t *testing.T, f *fleet, period time.Duration, opts ...discover.Option) {
	t.Helper()
	pool := discover.New(f.dial, opts...)
	source := make(scripted)
	ended := make(chan error)
	go func() { ended <- pool.Run(t.Context(), source) }()
	op := &endpoint.Operation{Name: "Do", Side: endpoint.ClientSide, Idempotent: true}
	stack, err := resilience.ClientStack(resilience.NewTimeout(500 * time.Millisecond)).Bind(op)
	require.NoError(t, err)
	e := stack.Wrap(func(ctx context.Context, n int) (int, error) {
		m, token, err := pool.Acquire(ctx)
		if err != nil {
			return 0, err
		}
		err = m.call(ctx)
		pool.Release(token, err)
		return n, err
	})
	var calls sync.WaitGroup
	var failed atomic.Int64
	n := int(period / time.Millisecond)
	for i := range n {
		if i%3000 == 0 {
			what, set := f.disturb()
			t.Logf("%v: %s", time.Duration(i)*time.Millisecond, what)
			source <- told{set: set}
		}
		calls.Go(func() {
			ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
			if err == nil {
				_, err = e(ctx, i)
			}
			if err != nil {
				failed.Add(1)
			}
		})
		time.Sleep(time.Millisecond)
	}
	calls.Wait()
	require.NoError(t, pool.Close())
	require.NoError(t, <-ended)
	synctest.Wait()
	t.Logf("of %d calls %d failed, with %d attempts", n, failed.Load(), f.calls)
	require.LessOrEqual(t, failed.Load(), int64(n/1000))
	require.LessOrEqual(t, float64(f.calls), 1.15*float64(n))
	require.Zero(t, f.open, "connections")
}
