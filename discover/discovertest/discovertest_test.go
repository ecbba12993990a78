package discovertest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

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
		return nil, r.changed, errors.New("broken")
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
		var forgot chan struct{}
		r.change(func() { r.set[in.Addr], forgot = in, r.forgot })
		select {
		case <-forgot:
		case <-ctx.Done():
		}
	}
	r.change(func() { delete(r.set, in.Addr) })
	return nil
}

func TestSource(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
		r := newRegistry()
		return discovertest.SourceKit{
			Source:  r,
			Set:     func(_ *testing.T, set []discover.Instance) { r.hold(set) },
			Break:   func(*testing.T) { r.fail(true) },
			Restore: func(*testing.T) { r.fail(false) },
		}
	})
}

func TestRegistrar(t *testing.T) {
	t.Parallel()
	discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
		r := newRegistry()
		return discovertest.RegistrarKit{Registrar: r, Source: r, Forget: func(*testing.T) {
			r.change(func() {
				clear(r.set)
				close(r.forgot)
				r.forgot = make(chan struct{})
			})
		}}
	})
}
