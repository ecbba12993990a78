package discovertest

import (
	"context"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A RegistrarKit is a registrar with the registry behind it. A new one is made
// for each test.
type RegistrarKit struct {
	// Registrar is what is tested.
	Registrar discover.Registrar
	// Source shows what the registry holds. It should be one that passes the
	// tests of [Source].
	Source discover.Source
	// Forget makes the registry forget all instances, as after its restart,
	// before it returns. Without it what happens then is not tested.
	Forget func(t *testing.T)
	// Addrs are two addresses that the registry can hold. The default is
	// 192.0.2.1:80 and 192.0.2.2:80.
	Addrs []string
	// Patience is how long a change may take to be seen. The default is 10 s.
	Patience time.Duration
}

// Registrar runs the tests of a registrar, each as a subtest with a kit of its
// own.
func Registrar(t *testing.T, newKit func(t *testing.T) RegistrarKit) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(t *testing.T, r *registered)
	}{
		{"registers and takes out", registers},
		{"registers several", registersSeveral},
		{"registers one again", registersAgain},
		{"registers what was forgotten", reregisters},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t)
			source := SourceKit{Source: k.Source, Addrs: k.Addrs, Patience: k.Patience}
			source.defaults()
			tt.test(t, &registered{kit: &k, source: &source, watcher: source.watch(t)})
		})
	}
}

// registered is a registrar that is watched.
type registered struct {
	kit    *RegistrarKit
	source *SourceKit
	*watcher
}

func registers(t *testing.T, r *registered) {
	t.Helper()
	out := r.register(t, 0)
	r.want(r.source.Addrs[0])
	out()
	r.want()
}

func registersSeveral(t *testing.T, r *registered) {
	t.Helper()
	a := r.register(t, 0)
	b := r.register(t, 1)
	r.want(r.source.Addrs[0], r.source.Addrs[1])
	a()
	r.want(r.source.Addrs[1])
	b()
	r.want()
}

func registersAgain(t *testing.T, r *registered) {
	t.Helper()
	for range 3 {
		out := r.register(t, 0)
		r.want(r.source.Addrs[0])
		out()
		r.want()
	}
}

func reregisters(t *testing.T, r *registered) {
	t.Helper()
	if r.kit.Forget == nil {
		t.Skip("the kit has no Forget")
	}
	out := r.register(t, 0)
	r.want(r.source.Addrs[0])
	r.kit.Forget(t)
	// A new watch: the one before may still have what was, or miss that it was
	// gone.
	r.source.watch(t).want(r.source.Addrs[0])
	out()
	r.want()
}

// register registers an address and returns what takes it out again.
func (r *registered) register(t *testing.T, i int) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.kit.Registrar.Register(ctx, discover.Instance{Addr: r.source.Addrs[i]}) }()
	var err error
	out := func() {
		t.Helper()
		cancel()
		within(t, r.source.Patience, "Register", func() { err = <-ended })
		if err != nil {
			t.Errorf("Register: %v", err)
		}
		ended <- nil // for another call
	}
	t.Cleanup(out)
	return out
}
