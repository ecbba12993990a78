package discover_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

var errSource = errors.New("the registry is away")

// told is what a source says.
type told struct {
	set []discover.Instance
	err error
}

// scripted is a Source that says what a test sends it.
type scripted chan told

func (s scripted) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for {
			select {
			case t, open := <-s:
				if !open || !yield(t.set, t.err) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (s scripted) says(addrs ...string) {
	set := make([]discover.Instance, len(addrs))
	for i, addr := range addrs {
		set[i].Addr = addr
	}
	s <- told{set: set}
}

// numbered returns the addresses from a to b, in their order.
func numbered(a, b int) []string {
	var addrs []string
	for i := a; i < b; i++ {
		addrs = append(addrs, fmt.Sprintf("%05d", i))
	}
	return addrs
}

// conn is a connection of a dialer.
type conn struct {
	addr   string
	dialer *dialer
	closed bool // guarded by dialer.mu
}

func (c *conn) Close() error {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	if c.closed {
		c.dialer.twice++
	}
	c.closed = true
	c.dialer.closes++
	return nil
}

// dialer counts what a pool does.
type dialer struct {
	takes time.Duration                   // for one dial
	slow  func(addr string) time.Duration // what it takes more
	fails func(addr string, n int) error

	mu                   sync.Mutex // guards the fields below
	dials, closes, twice int
	running, mostAtOnce  int
	perAddr              map[string]int
}

// dial is what a pool dials with. In a bubble it sleeps as long as the dialer says.
func (d *dialer) dial(_ context.Context, addr string) (*conn, error) {
	n := d.count(addr)
	time.Sleep(d.takes)
	if d.slow != nil {
		time.Sleep(d.slow(addr))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	if d.fails != nil {
		if err := d.fails(addr, n); err != nil {
			return nil, err
		}
	}
	d.dials++
	return &conn{addr: addr, dialer: d}, nil
}

func (d *dialer) count(addr string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.perAddr == nil {
		d.perAddr = map[string]int{}
	}
	d.perAddr[addr]++
	d.running++
	d.mostAtOnce = max(d.mostAtOnce, d.running)
	return d.perAddr[addr]
}

func (d *dialer) counts() (dials, closes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dials, d.closes
}

// world is a pool that runs in a bubble.
type world struct {
	t      *testing.T
	source scripted
	dialer *dialer
	pool   *discover.Pool[*conn]
	stop   context.CancelFunc
	ended  chan error

	mu     sync.Mutex // guards the field below
	events []endpoint.Event
}

// bubble runs the test with a pool in a bubble, and sees to it that the pool ends
// and has closed what it dialled.
func bubble(t *testing.T, d *dialer, test func(w *world), opts ...discover.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, source: make(scripted), dialer: d, ended: make(chan error, 1)}
		w.pool = discover.New(d.dial, append(opts, discover.OnEvent(w.event))...)
		ctx, cancel := context.WithCancel(t.Context())
		w.stop = cancel
		go func() { w.ended <- w.pool.Run(ctx, w.source) }()
		test(w)
		cancel()
		<-w.ended
		synctest.Wait()
		dials, closes := d.counts()
		require.Equal(t, dials, closes, "closes of what was dialled")
		require.Zero(t, d.twice, "connections closed twice")
	})
}

// follow runs the pool until the test ends.
func follow[C any](t *testing.T, pool *discover.Pool[C], s discover.Source) *discover.Pool[C] {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return pool
}

// event keeps an event of the pool.
func (w *world) event(_ context.Context, e endpoint.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// kinds returns the kinds of the events so far, with the address where there is
// one.
func (w *world) kinds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kinds []string
	for _, e := range w.events {
		kinds = append(kinds, join(e.Kind, e.Detail))
	}
	return kinds
}

// firstErr returns the error of the first event.
func (w *world) firstErr() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events[0].Err
}

func join(kind, detail string) string {
	if detail == "" {
		return kind
	}
	return kind + " " + detail
}

// call makes one call that ends with err and returns where it went.
func (w *world) call() string {
	w.t.Helper()
	c, token, aerr := w.pool.Acquire(w.t.Context())
	require.NoError(w.t, aerr)
	w.pool.Release(token, nil)
	return c.addr
}

// reached returns the addresses that n calls go to, sorted.
func (w *world) reached(n int) []string {
	w.t.Helper()
	seen := map[string]bool{}
	for range n {
		seen[w.call()] = true
	}
	var addrs []string
	for addr := range seen {
		addrs = append(addrs, addr)
	}
	slices.Sort(addrs)
	return addrs
}

// gauge returns a figure of a pool, or -1 if it has none of this metric.
func gauge[C any](pool *discover.Pool[C], metric string) float64 {
	for g := range pool.Gauges {
		if g.Metric == metric {
			return g.Value
		}
	}
	return -1
}
