package registrytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// A cluster is a registry, servers that register at it, and a client under load.
type cluster struct {
	t        *testing.T
	suite    Suite
	registry *Process
	watcher  *watcher
	servers  []*program
	load     *load
}

// endToEnd kills, drains and adds servers, and silences and kills the registry, while a
// client calls them. No call may fail.
func (s Suite) endToEnd(t *testing.T) {
	t.Helper()
	registry := s.Start(t)
	c := &cluster{t: t, suite: s, registry: registry, watcher: watch(t, "the watch", s.Registry(t, registry.Addr, service))}
	for range 3 {
		c.add()
	}
	c.settled()
	c.load = startLoad(t, s.Registry(t, registry.Addr, service))
	c.serves()

	c.kill()
	c.add()
	c.serves()
	c.drain()
	c.add()
	c.serves()

	registry.Stop()
	c.kill()
	after(t, s.Outage)
	registry.Continue()
	c.add()
	c.serves()

	registry.Kill()
	after(t, s.Outage)
	registry.StartEmpty()
	c.add()
	c.serves()
	c.drain()
	c.settled()
	c.load.end()
}

func (c *cluster) add() {
	c.t.Helper()
	c.servers = append(c.servers, c.suite.launch(c.t, c.registry.Addr))
}

// next removes the server that is the longest in the cluster.
func (c *cluster) next() *program {
	p := c.servers[0]
	c.servers = c.servers[1:]
	return p
}

func (c *cluster) kill() {
	c.t.Helper()
	p := c.next()
	p.signal(syscall.SIGKILL)
	p.wait()
}

func (c *cluster) drain() {
	c.t.Helper()
	p := c.next()
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		c.t.Errorf("the exit code of a server is %d", code)
	}
}

// settled waits until the registry knows all servers and no others.
func (c *cluster) settled() {
	c.t.Helper()
	addrs := make([]string, len(c.servers))
	for i, p := range c.servers {
		addrs[i] = p.addr
	}
	slices.Sort(addrs)
	c.watcher.addrs(patience+c.suite.Lease, addrs...)
}

// serves waits until all servers, and no others, are known and get calls.
func (c *cluster) serves() {
	c.t.Helper()
	c.settled()
	want := map[int]bool{}
	for _, p := range c.servers {
		want[p.cmd.Process.Pid] = true
	}
	c.load.await(want)
}

// A load is a client that makes calls until end.
type load struct {
	t      *testing.T
	cancel context.CancelFunc
	ended  sync.WaitGroup
	client rooms

	mu     sync.Mutex // guards the fields below
	calls  int
	errs   []error
	seen   map[int]bool // processes that have answered since the last await
	change chan struct{}
}

// every is the time between two calls.
const every = 4 * time.Millisecond

// startLoad calls the instances of a source.
func startLoad(t *testing.T, source discover.Source) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, cancel: cancel, seen: map[int]bool{}, change: make(chan struct{})}
	pool := discover.New(httpx.Dialer(), discover.Named("rooms"))
	if err := httpx.Client(pool, &l.client, httpx.Use(resilience.ClientStack()...)); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var pooled sync.WaitGroup
	pooled.Go(func() { _ = pool.Run(running, source) })
	l.ended.Go(func() { l.run(ctx) })
	t.Cleanup(func() {
		cancel()
		l.ended.Wait()
		stop()
		pooled.Wait()
	})
	return l
}

// run makes calls at a steady rate until ctx ends, and waits for them.
func (l *load) run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	for ctx.Err() == nil {
		calls.Go(func() { l.call(context.WithoutCancel(ctx)) })
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (l *load) call(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := l.client.Who(ctx, struct{}{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	switch {
	case err != nil:
		l.errs = append(l.errs, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
	case !l.seen[answer.Process]:
		l.seen[answer.Process] = true
		close(l.change)
		l.change = make(chan struct{})
	}
}

// await waits until each of the processes has answered from now on.
func (l *load) await(processes map[int]bool) {
	l.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	l.mu.Lock()
	clear(l.seen)
	l.mu.Unlock()
	for {
		l.mu.Lock()
		seen, change, calls, errs := maps.Clone(l.seen), l.change, l.calls, l.errs
		l.mu.Unlock()
		maps.DeleteFunc(seen, func(p int, _ bool) bool { return !processes[p] })
		if len(seen) == len(processes) {
			return
		}
		select {
		case <-change:
		case <-timer.C:
			l.t.Fatalf("of %v, only %v answer; %d calls, %d errors: %v",
				slices.Sorted(maps.Keys(processes)), slices.Sorted(maps.Keys(seen)), calls, len(errs), errors.Join(errs[:min(3, len(errs))]...))
		}
	}
}

// end ends the load and reports the calls that failed.
func (l *load) end() {
	l.t.Helper()
	l.cancel()
	l.ended.Wait()
	l.t.Logf("%d calls", l.calls)
	if len(l.errs) > 0 {
		l.t.Errorf("%d of %d calls failed, the first ones: %v", len(l.errs), l.calls, errors.Join(l.errs[:min(3, len(l.errs))]...))
	}
}
