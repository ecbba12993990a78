package discovertest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
)

var errBroken = errors.New("broken")

// registry is the simplest one that there is.
type registry struct {
	mu      sync.Mutex // guards the fields below
	set     map[string]discover.Instance
	broken  bool
	changed chan struct{}
	forgot  chan struct{}
}

func newRegistry() *registry {
	return &registry{set: map[string]discover.Instance{}, changed: make(chan struct{}), forgot: make(chan struct{})}
}

func (r *registry) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	r.tell()
}

// tell is called with mu held.
func (r *registry) tell() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *registry) hold(set []discover.Instance) {
	r.change(func() {
		clear(r.set)
		for _, in := range set {
			r.set[in.Addr] = in
		}
	})
}

func (r *registry) fail(broken bool) { r.change(func() { r.broken = broken }) }

func (r *registry) look() ([]discover.Instance, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return nil, r.changed, errBroken
	}
	return discover.Sorted(slices.Collect(maps.Values(r.set))), r.changed, nil
}

func (r *registry) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for ctx.Err() == nil {
			set, changed, err := r.look()
			if !yield(set, err) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

func (r *registry) Register(ctx context.Context, in discover.Instance) error {
	for ctx.Err() == nil {
		select {
		case <-r.put(in):
		case <-ctx.Done():
		}
	}
	return r.take(in)
}

// put returns what is closed when it should be done again.
func (r *registry) put(in discover.Instance) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return r.changed
	}
	r.set[in.Addr] = in
	r.tell()
	return r.forgot
}

func (r *registry) take(in discover.Instance) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return errBroken
	}
	delete(r.set, in.Addr)
	r.tell()
	return nil
}

func (r *registry) forget() {
	r.change(func() {
		clear(r.set)
		close(r.forgot)
		r.forgot = make(chan struct{})
	})
}

// instances differ in all that there is.
func instances() []discover.Instance {
	return []discover.Instance{
		{Addr: "192.0.2.1:80", Weight: 2, Zone: "a", Meta: map[string]string{"version": "1"}},
		{Addr: "192.0.2.2:80", Weight: 3, Zone: "b", Priority: 1, Meta: map[string]string{"version": "2"}},
		{Addr: "192.0.2.3:80", Priority: 2},
	}
}

func (r *registry) sourceKit() discovertest.SourceKit {
	return discovertest.SourceKit{
		Source:    r,
		Set:       func(_ *testing.T, set []discover.Instance) { r.hold(set) },
		Break:     func(*testing.T) { r.fail(true) },
		Restore:   func(*testing.T) { r.fail(false) },
		Instances: instances(),
	}
}

func (r *registry) registrarKit() discovertest.RegistrarKit {
	return discovertest.RegistrarKit{
		Registrar: r,
		Source:    r,
		Forget:    func(*testing.T) { r.forget() },
		Break:     func(*testing.T) { r.fail(true) },
		Restore:   func(*testing.T) { r.fail(false) },
		Instances: instances(),
	}
}
