package registrytest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/leak"
)

// perChange is the CPU time that this process may need for a change: both to make it and to
// see it in ten watches, with the race detector on a slow machine.
const perChange = 20 * time.Millisecond

// changes makes many changes, and measures what they cost.
func (s Suite) changes(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	watched := s.Registry(t, p.Addr, service)
	watchers := make([]*watcher, 10)
	for i := range watchers {
		watchers[i] = watch(t, fmt.Sprintf("watch %d", i), watched)
	}
	stay := instance("192.0.2.1:80")
	registered := s.Registry(t, p.Addr, service)
	register(t, registered, stay)
	for _, w := range watchers {
		w.want(patience, stay)
	}

	before, begun := processorTime(t), time.Now()
	change(t, registered, s.Changes)
	for _, w := range watchers {
		w.want(patience, stay)
	}
	used, took := processorTime(t)-before, time.Since(begun)
	sets := 0
	for _, w := range watchers {
		sets += w.sets
	}
	t.Logf("%d changes in %v took %v of CPU, %v each; ten watches yielded %d sets",
		s.Changes, took.Round(time.Millisecond), used.Round(time.Millisecond), (used / time.Duration(s.Changes)).Round(time.Microsecond), sets)
	if used > time.Duration(s.Changes)*perChange {
		t.Errorf("they took more than %v each", perChange)
	}
}

// change makes n changes, 10,000 a minute: instances come and go.
func change(t *testing.T, r Registry, n int) {
	t.Helper()
	tick := time.NewTicker(2 * time.Minute / 10000) // an instance is two changes
	defer tick.Stop()
	var all sync.WaitGroup
	for i := range n / 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		all.Go(func() {
			defer cancel()
			if err := r.Register(ctx, instance(fmt.Sprintf("198.51.100.%d:%d", i%250, 1000+i))); err != nil {
				t.Errorf("Register: %v", err)
			}
		})
		<-tick.C
	}
	all.Wait()
}

// processorTime returns the CPU time of this process.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// many registers many instances at the same time.
func (s Suite) many(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	registrar := s.Registry(t, p.Addr, service)
	w := watch(t, "the watch of before", s.Registry(t, p.Addr, service))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	set := make([]discover.Instance, s.Many)
	var all sync.WaitGroup
	var failed atomic.Value
	for i := range set {
		set[i] = instance(fmt.Sprintf("198.51.%d.%d:80", i/250, i%250))
		all.Go(func() {
			if err := registrar.Register(ctx, set[i]); err != nil {
				failed.Store(err)
			}
		})
	}
	took := w.want(9*patience, set...) // on a machine that does much else
	t.Logf("%d instances are known after %v", s.Many, took.Round(time.Millisecond))
	fresh := watch(t, "a watch of afterwards", s.Registry(t, p.Addr, service))
	fresh.want(patience, set...)
	if fresh.sets != 1 {
		t.Errorf("a new watch takes %d sets to be complete", fresh.sets)
	}
	cancel()
	all.Wait()
	if err := failed.Load(); err != nil {
		t.Errorf("Register: %v", err)
	}
	w.want(patience)
}

// A leaky func is what leak.Run takes for tests.
type leaky func()

// Run calls the func.
func (f leaky) Run() int { f(); return 0 }

// leavesNothing has watches and registrations that end: as they should, while the loop over
// one is left, and while the registry is silent.
func (s Suite) leavesNothing(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	r := s.Registry(t, p.Addr, service)
	use := func() {
		in := instance("192.0.2.1:80")
		out := register(t, r, in)
		w := watch(t, "the watch", r)
		w.want(patience, in)
		for _, err := range r.Watch(t.Context()) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		w.end()
		out.end()
	}
	use() // what the client starts once and keeps
	if leak.Run(leaky(use)) != 0 {
		t.Error("goroutines outlive Watch and Register; they are above")
	}
	silent := func() {
		out := register(t, r, instance("192.0.2.1:80"))
		w := watch(t, "the watch", r)
		w.want(patience, instance("192.0.2.1:80"))
		p.Stop()
		defer p.Continue()
		w.end()
		if err := out.finish(); err == nil {
			t.Error("Register returned nil though the registry was silent; its instance may still be known")
		}
	}
	if leak.Run(leaky(silent)) != 0 {
		t.Error("goroutines outlive Watch and Register of a registry that is silent; they are above")
	}
}
