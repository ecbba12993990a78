package discovertest_test

import (
	"context"
	"os"
	"testing"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
)

// TestRegistrarFaults does so with registrars.
func TestRegistrarFaults(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		f := registrarFaults[name]
		discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
			r := newRegistry()
			kit := r.registrarKit()
			kit.Registrar, kit.Patience = f.fault(r), patience(f.says)
			return kit
		})
		return
	}
	for name, f := range registrarFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsFor(t, name, f.tests, f.says)
		})
	}
}

var registrarFaults = map[string]struct {
	fault func(r *registry) registrarFunc
	tests []string
	says  string
}{
	"addresses only": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			return r.Register(ctx, discover.Instance{Addr: in.Addr})
		}
	}, []string{"registers_all_of_an_instance"}, `^no set .*Weight:2.* within 1s; there came: `},
	"gives up at the start": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			if _, _, err := r.look(); err != nil {
				return err
			}
			return r.Register(ctx, in)
		}
	}, []string{"waits_for_the_registry"}, `^Register returned before its context ended: broken$`},
	"gives up later": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				for _, err := range r.Watch(ctx) {
					if err != nil {
						cancel()
					}
				}
			}()
			return r.Register(ctx, in)
		}
	}, []string{"waits_for_the_registry", fails}, `^Register returned before its context ended: broken$`},
	"keeps nothing known": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			for {
				_, changed, err := r.look()
				if err == nil {
					r.put(in)
					<-ctx.Done()
				}
				select {
				case <-changed:
				case <-ctx.Done():
					return r.take(in)
				}
			}
		}
	}, []string{"registers_what_was_forgotten", fails}, `^no set \["192.0.2.1:80"\] within 1s; there came: set \[\]$`},
	"says nothing of what is left": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			_ = r.Register(ctx, in)
			return nil
		}
	}, []string{"says_what_it_could_not_take_out"}, `^Register returned nil though the registry was broken`},
	"forgets what it waits with": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			if _, _, err := r.look(); err != nil {
				<-ctx.Done()
				return nil
			}
			return r.Register(ctx, in)
		}
	}, []string{"waits_for_the_registry"}, `^no set \["192.0.2.1:80"\] within 1s; there came: `},
	"leaves it known": {func(r *registry) registrarFunc {
		return func(ctx context.Context, in discover.Instance) error {
			r.put(in)
			<-ctx.Done()
			return nil
		}
	}, []string{"registers_and_takes_out"}, `^no set \[\] within 1s; there came: nothing$`},
}

// A registrarFunc is a registrar that is a func.
type registrarFunc func(ctx context.Context, in discover.Instance) error

func (f registrarFunc) Register(ctx context.Context, in discover.Instance) error { return f(ctx, in) }
