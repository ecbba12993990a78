package discovertest

import (
	"context"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A RegistrarKit is a registrar with the registry behind it. A new one is made
// for each test. The zero RegistrarKit fails the tests: Registrar and Source are
// required, and Break needs Restore.
type RegistrarKit struct {
	// Registrar is what is tested.
	Registrar discover.Registrar
	// Source shows what the registry holds. It should be one that passes the
	// tests of [Source].
	Source discover.Source
	// Forget makes the registry forget all instances, as after its restart,
	// before it returns. Without it what happens then is not tested.
	Forget func(t *testing.T)
	// Break makes the registry unreachable and Restore reachable again, with
	// the instances that it had. Without them what happens then is not tested.
	// Break may be called before anything is registered.
	Break, Restore func(t *testing.T)
	// Addrs are two addresses that the registry can hold. The default is
	// 192.0.2.1:80 and 192.0.2.2:80.
	Addrs []string
	// Instances, given in place of Addrs, are two with all that the registry can
	// hold of an instance, as in a [SourceKit]. Without them only addresses are
	// tested.
	Instances []discover.Instance
	// Patience is how long a change may take to be seen, and how long Register
	// may take to return. The default, for 0, is 10 s.
	Patience time.Duration
}

// Registrar runs the tests of a registrar, each as a subtest with a kit of its own. A
// nil newKit, and what a kit lacks, fails them.
func Registrar(t *testing.T, newKit func(t *testing.T) RegistrarKit) {
	t.Helper()
	if newKit == nil {
		t.Fatal("discovertest: Registrar: newKit is nil")
	}
	for _, tt := range []struct {
		name string
		test func(t *testing.T, r *registered)
	}{
		{"registers and takes out", registers},
		{"registers several", registersSeveral},
		{"registers one again", registersAgain},
		{"registers all of an instance", registersAll},
		{"registers what was forgotten", reregisters},
		{"waits for the registry", awaitsRegistry},
		{"survives the registry's failure", outlasts},
		{"says what it could not take out", saysWhatIsLeft},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t)
			registry := SourceKit{
				Source: k.Source, Break: k.Break, Restore: k.Restore,
				Addrs: k.Addrs, Instances: k.Instances, Patience: k.Patience,
			}
			f := registry.faults("RegistrarKit")
			f.when(k.Registrar == nil, "Registrar is nil")
			f.report(t)
			source := newSuite(t, registry, 2)
			tt.test(t, &registered{kit: &k, source: source, watcher: source.watch(t)})
		})
	}
}

// registered is a registrar that is watched.
type registered struct {
	kit    *RegistrarKit
	source *suite
	*watcher
}

func registers(t *testing.T, r *registered) {
	t.Helper()
	out := r.register(t, 0)
	r.want(r.source.Addrs[0])
	out.end()
	r.want()
}

func registersSeveral(t *testing.T, r *registered) {
	t.Helper()
	a := r.register(t, 0)
	b := r.register(t, 1)
	r.want(r.source.Addrs[0], r.source.Addrs[1])
	a.end()
	r.want(r.source.Addrs[1])
	b.end()
	r.want()
}

func registersAgain(t *testing.T, r *registered) {
	t.Helper()
	for range 3 {
		out := r.register(t, 0)
		r.want(r.source.Addrs[0])
		out.end()
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
	again := r.source.watch(t)
	again.want(r.source.Addrs[0])
	out.end()
	again.want()
}

func registersAll(t *testing.T, r *registered) {
	t.Helper()
	if !r.source.whole {
		t.Skip("the kit has no Instances")
	}
	for i, in := range r.source.Instances {
		out := r.register(t, i)
		r.wantAll([]discover.Instance{in})
		out.end()
		r.want()
	}
}

func awaitsRegistry(t *testing.T, r *registered) {
	t.Helper()
	r.source.mustBreak(t)
	r.kit.Break(t)
	out := r.register(t, 0)
	out.stays()
	r.kit.Restore(t)
	r.want(r.source.Addrs[0])
	out.end()
	r.want()
}

func outlasts(t *testing.T, r *registered) {
	t.Helper()
	r.source.mustBreak(t)
	out := r.register(t, 0)
	r.want(r.source.Addrs[0])
	r.kit.Break(t)
	out.stays()
	r.kit.Restore(t)
	if r.kit.Forget != nil {
		r.kit.Forget(t) // else nobody sees whether it is kept known
	}
	again := r.source.watch(t)
	again.want(r.source.Addrs[0])
	out.end()
	again.want()
}

func saysWhatIsLeft(t *testing.T, r *registered) {
	t.Helper()
	r.source.mustBreak(t)
	out := r.register(t, 0)
	r.want(r.source.Addrs[0])
	r.kit.Break(t)
	if err := out.wait(); err == nil {
		t.Error("Register returned nil though the registry was broken; its instance may still be known")
	}
	r.kit.Restore(t)
}

// A registration is a Register that runs.
type registration struct {
	t        *testing.T
	patience time.Duration
	cancel   context.CancelFunc
	returned chan struct{}
	err      error // of Register, when it has returned
	early    bool  // it returned before its context ended
	ended    bool
}

func (r *registered) register(t *testing.T, i int) *registration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &registration{t: t, patience: r.source.Patience, cancel: cancel, returned: make(chan struct{})}
	go func() {
		defer close(out.returned)
		out.err = r.kit.Registrar.Register(ctx, r.source.Instances[i])
		out.early = ctx.Err() == nil
	}()
	t.Cleanup(out.end)
	return out
}

// stays fails the test when Register gives up. One that does so does it soon.
func (r *registration) stays() {
	r.t.Helper()
	timeout := time.NewTimer(r.patience / 50)
	defer timeout.Stop()
	select {
	case <-r.returned:
		r.end() // says why
		r.t.FailNow()
	case <-timeout.C:
	}
}

// end takes the instance out, unless it has done so before.
func (r *registration) end() {
	r.t.Helper()
	if r.ended {
		return
	}
	if err := r.wait(); err != nil && !r.early {
		r.t.Errorf("Register: %v", err)
	}
}

// wait ends the context of Register and returns its error.
func (r *registration) wait() error {
	r.t.Helper()
	r.cancel()
	r.ended = true
	within(r.t, r.patience, "Register", func() { <-r.returned })
	if r.early {
		r.t.Errorf("Register returned before its context ended: %v", r.err)
	}
	return r.err
}
