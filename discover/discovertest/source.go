package discovertest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A SourceKit is a source with the registry behind it. A new one is made for
// each test. The zero SourceKit fails the tests: Source and Set are required, and Break
// needs Restore.
type SourceKit struct {
	// Source is what is tested.
	Source discover.Source
	// Set makes the registry hold these instances and no others. It may be
	// called before the source is watched.
	Set func(t *testing.T, instances []discover.Instance)
	// Break makes the registry unreachable and Restore reachable again, with
	// the instances that it had. Without them what happens then is not tested.
	// Break may be called before the source is watched.
	Break, Restore func(t *testing.T)
	// Addrs are three addresses that the registry can hold. The default is
	// 192.0.2.1:80 to 192.0.2.3:80.
	Addrs []string
	// Instances, given in place of Addrs, are three with all that the registry
	// can hold of an instance: weights, zones, priorities and meta, each of them
	// different. The registry must also be able to hold what is said of one at
	// the address of another. Without Instances only addresses are tested. What
	// a source adds to Meta is not.
	Instances []discover.Instance
	// Patience is how long a change may take to be seen. The default, for 0, is 10 s.
	Patience time.Duration
}

// Source runs the tests of a source, each as a subtest with a kit of its own. A nil
// newKit, and what a kit lacks, fails them.
func Source(t *testing.T, newKit func(t *testing.T) SourceKit) {
	t.Helper()
	if newKit == nil {
		t.Fatal("discovertest: Source: newKit is nil")
	}
	for _, tt := range []struct {
		name string
		test func(t *testing.T, k *suite)
	}{
		{"follows the registry", follows},
		{"yields an empty set", yieldsEmpty},
		{"yields an empty set at the start", startsEmpty},
		{"says all of an instance", saysAll},
		{"watches side by side", sideBySide},
		{"ends with its context", endsWithContext},
		{"does not start under a context that has ended", startsEnded},
		{"ends with the loop", endsWithLoop},
		{"gives a slow loop the last set", lastToSlow},
		{"survives the registry's failure", survives},
		{"starts during the registry's failure", startsBroken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t)
			f := k.faults("SourceKit")
			f.when(k.Set == nil, "Set is nil")
			f.report(t)
			tt.test(t, newSuite(t, k, 3))
		})
	}
}

func follows(t *testing.T, k *suite) {
	t.Helper()
	a, b, c := k.Addrs[0], k.Addrs[1], k.Addrs[2]
	k.set(t, b, a)
	w := k.watch(t)
	w.want(a, b)
	k.set(t, a, b, c)
	w.want(a, b, c)
	k.set(t, c)
	w.want(c)
}

func yieldsEmpty(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	k.set(t)
	w.want()
	k.set(t, k.Addrs[1])
	w.want(k.Addrs[1])
}

func startsEmpty(t *testing.T, k *suite) {
	t.Helper()
	k.set(t)
	w := k.watch(t)
	w.want()
	k.set(t, k.Addrs[0])
	w.want(k.Addrs[0])
}

func saysAll(t *testing.T, k *suite) {
	t.Helper()
	if !k.whole {
		t.Skip("the kit has no Instances")
	}
	k.Set(t, slices.Clone(k.Instances))
	w := k.watch(t)
	w.wantAll(k.Instances)
	// All but the address changes: one that looks for new addresses misses it.
	for _, in := range k.Instances {
		in.Addr = k.Addrs[0]
		k.Set(t, []discover.Instance{in})
		w.wantAll([]discover.Instance{in})
	}
}

func sideBySide(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	one, two := k.watch(t), k.watch(t)
	one.want(k.Addrs[0])
	two.want(k.Addrs[0])
	k.set(t, k.Addrs[1])
	one.want(k.Addrs[1])
	two.want(k.Addrs[1])
	one.end()
	k.set(t, k.Addrs[2])
	two.want(k.Addrs[2])
}

func endsWithContext(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	w.end()
}

func startsEnded(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.end()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	within(t, k.Patience, "a Watch under a context that has ended", func() {
		for set, err := range k.Source.Watch(ctx) {
			_, _ = set, err // to say something is not wrong, if it ends then
		}
	})
}

func endsWithLoop(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	within(t, k.Patience, "a loop that was left", func() {
		for _, err := range k.Source.Watch(t.Context()) {
			if err == nil {
				break
			}
		}
	})
}

func lastToSlow(t *testing.T, k *suite) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	w.pause()
	for i := range 20 {
		k.set(t, k.Addrs[i%3])
	}
	k.set(t, k.Addrs[1], k.Addrs[2])
	w.resume()
	w.want(k.Addrs[1], k.Addrs[2])
}

func survives(t *testing.T, k *suite) {
	t.Helper()
	k.mustBreak(t)
	set := k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.wantAll(set)
	w.stands = set
	k.Break(t)
	w.wantError()
	k.Restore(t)
	w.wantAll(set)
	w.stands = nil
	k.set(t, k.Addrs[0], k.Addrs[1])
	w.want(k.Addrs[0], k.Addrs[1])
}

func startsBroken(t *testing.T, k *suite) {
	t.Helper()
	k.mustBreak(t)
	set := k.set(t, k.Addrs[0])
	k.Break(t)
	w := k.watch(t)
	w.stands = set // a source may have it from before
	w.wantError()
	k.Restore(t)
	w.wantAll(set)
}

// faults is what is wrong with a kit.
type faults struct {
	kit  string // the name of its type
	list []string
}

// faults returns the faults of what every kit has.
func (k *SourceKit) faults(kit string) *faults {
	f := &faults{kit: kit}
	f.when(k.Source == nil, "Source is nil")
	f.when(k.Break != nil && k.Restore == nil, "Break is set, but Restore is nil")
	f.when(k.Break == nil && k.Restore != nil, "Restore is set, but Break is nil")
	f.when(k.Patience < 0, fmt.Sprintf("Patience is %v, it must not be negative", k.Patience))
	return f
}

// when adds a fault if there is one.
func (f *faults) when(is bool, fault string) {
	if is {
		f.list = append(f.list, "discovertest: "+f.kit+": "+fault)
	}
}

// report ends the test if there are faults.
func (f *faults) report(t *testing.T) {
	t.Helper()
	for _, fault := range f.list {
		t.Error(fault)
	}
	if len(f.list) > 0 {
		t.FailNow()
	}
}

// suite is a kit with its defaults.
type suite struct {
	SourceKit

	whole bool // more than addresses is tested
}

// newSuite returns a suite whose Instances are n or more, and Addrs theirs.
func newSuite(t *testing.T, k SourceKit, n int) *suite {
	t.Helper()
	s := &suite{k, k.Instances != nil}
	if s.Addrs == nil {
		s.Addrs = []string{"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"}
	}
	if !s.whole {
		for _, addr := range s.Addrs {
			s.Instances = append(s.Instances, discover.Instance{Addr: addr})
		}
	}
	s.Instances = discover.Sorted(s.Instances)
	if len(s.Instances) < n {
		t.Fatalf("the kit has %d addresses, the tests need %d", len(s.Instances), n)
	}
	s.Addrs = nil
	for _, in := range s.Instances {
		s.Addrs = append(s.Addrs, in.Addr)
	}
	if s.Patience == 0 {
		s.Patience = 10 * time.Second
	}
	return s
}

// set has the registry hold the instances of these addresses, and returns them.
func (k *suite) set(t *testing.T, addrs ...string) []discover.Instance {
	t.Helper()
	var set []discover.Instance
	for _, in := range k.Instances {
		if slices.Contains(addrs, in.Addr) {
			set = append(set, in)
		}
	}
	slices.Reverse(set) // no order is promised to a registry
	k.Set(t, slices.Clone(set))
	return discover.Sorted(set)
}

func (k *suite) mustBreak(t *testing.T) {
	t.Helper()
	if k.Break == nil {
		t.Skip("the kit has no Break and Restore")
	}
}

// same reports whether a set is the one wanted, as far as the kit says what that is.
func (k *suite) same(set, want []discover.Instance) bool {
	return slices.EqualFunc(set, want, func(in, want discover.Instance) bool {
		return in.Addr == want.Addr && (!k.whole || says(in, want))
	})
}

// says reports whether in is all that want is.
func says(in, want discover.Instance) bool {
	for key, value := range want.Meta {
		if got, ok := in.Meta[key]; !ok || got != value {
			return false
		}
	}
	return weight(in) == weight(want) && in.Zone == want.Zone && in.Priority == want.Priority
}

// weight is what the weight of an instance stands for.
func weight(in discover.Instance) float64 {
	if in.Weight > 0 {
		return in.Weight
	}
	return 1
}
