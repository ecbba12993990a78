package discovertest_test

import (
	"context"
	"iter"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
)

// A yielder is told what a registry's source yields, and yields what a faulty
// one does. It returns false to end the sequence.
type yielder func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool

// faulty returns a source with a fault; each Watch has a yielder of its own.
func faulty(s discover.Source, fault func() yielder) discover.Source {
	return discover.SourceFunc(func(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
		return func(yield func([]discover.Instance, error) bool) {
			next := fault()
			for set, err := range s.Watch(ctx) {
				if !next(set, err, yield) {
					return
				}
			}
		}
	})
}

// dropping returns the fault of a source that forgets something of an instance.
func dropping(drop func(*discover.Instance)) func() yielder {
	return func() yielder {
		return func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			for i := range set {
				drop(&set[i])
			}
			return yield(set, err)
		}
	}
}

// stateless returns the fault of a source that remembers nothing.
func stateless(y yielder) func() yielder { return func() yielder { return y } }

// The names of the tests, as package testing prints them.
const (
	fails  = "survives_the_registry's_failure"
	broken = "starts_during_the_registry's_failure"
	all    = "says_all_of_an_instance"
)

var sourceFaults = map[string]struct {
	fault func() yielder
	tests []string // that fail
	says  string   // all that they say
}{
	"an empty set for an error": {stateless(
		func(set []discover.Instance, _ error, yield func([]discover.Instance, error) bool) bool {
			return yield(set, nil)
		}), []string{fails, broken}, `^a set that is not what the registry held when it broke: set \[\], not `},
	"an empty set after an error": {stateless(
		func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			return yield(set, err) && (err == nil || yield(nil, nil))
		}), []string{fails, broken}, `^a set that is not what the registry held when it broke: set \[\], not `},
	"silent while empty at the start": {func() yielder {
		known := false
		return func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			known = known || len(set) > 0
			return err == nil && !known || yield(set, err)
		}
	}, []string{"yields_an_empty_set_at_the_start"}, `^no set \[\] within 1s; there came: nothing$`},
	"one slice for all sets": {func() yielder {
		var set []discover.Instance
		return func(now []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			if err != nil {
				return yield(nil, err)
			}
			set = append(set[:0], now...)
			return yield(set, nil)
		}
	}, []string{"follows_the_registry", all}, `^a set that was changed after it was yielded: set .* is now set `},
	"meta that changes": {stateless(
		func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			if len(set) == 0 {
				return yield(set, err)
			}
			set[0].Meta = maps.Clone(set[0].Meta)
			defer clear(set[0].Meta)
			return yield(set, err)
		}), []string{"follows_the_registry", all}, `^a set that was changed after it was yielded: set .* is now set `},
	"no weights":    {dropping(func(in *discover.Instance) { in.Weight = 0 }), []string{all}, `^no set .*Weight:2.* within 1s; there came: .*Weight:0`},
	"no zones":      {dropping(func(in *discover.Instance) { in.Zone = "" }), []string{all}, `^no set .*Zone:a.* within 1s; there came: .*Zone: `},
	"no priorities": {dropping(func(in *discover.Instance) { in.Priority = 0 }), []string{all}, `^no set .*Priority:2.* within 1s; there came: .*Priority:0`},
	"no meta":       {dropping(func(in *discover.Instance) { in.Meta = nil }), []string{all}, `^no set .*version:1.* within 1s; there came: .*map\[\]`},
	"news of addresses only": {func() yielder {
		var last []discover.Instance
		return func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			same := slices.EqualFunc(set, last, func(a, b discover.Instance) bool { return a.Addr == b.Addr })
			last = set
			return same && len(set) > 0 || yield(set, err)
		}
	}, []string{all}, `^no set .*Priority:1.* within 1s; there came: nothing$`},
	"ends when the registry is broken at the start": {func() yielder {
		known := false
		return func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			known = known || err == nil
			return yield(set, err) && known
		}
	}, []string{broken}, `^the Watch ended before its context did$`},
	"ends when the registry breaks": {stateless(
		func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			return yield(set, err) && err == nil
		}), []string{fails, broken}, `^the Watch ended before its context did$`},
	"silent when nothing has changed since the error": {func() yielder {
		var last []discover.Instance
		return func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			if err != nil {
				return yield(nil, err)
			}
			same := last != nil && reflect.DeepEqual(set, last)
			last = set
			return same || yield(set, nil)
		}
	}, []string{fails}, `^no set .* within 1s; there came: nothing$`},
	"no errors": {stateless(
		func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			return err != nil || yield(set, nil)
		}), []string{fails, broken}, `^no error within 1s; there came: nothing$`},
	"not sorted": {stateless(
		func(set []discover.Instance, err error, yield func([]discover.Instance, error) bool) bool {
			slices.Reverse(set)
			return yield(set, err)
		}), []string{"follows_the_registry"}, `^a set that is not sorted|^no set .* within 1s`},
}

// faultOf names the fault that this process has, when a test below started it.
const faultOf = "DISCOVERTEST_FAULT"

// patience of a test that waits in vain, and says so. That of others is the
// default, so that no other fails of it on a busy machine.
func patience(says string) time.Duration {
	if strings.Contains(says, "within 1s") {
		return time.Second
	}
	return 0
}

// TestSourceFaults sees sources fail, each by the tests that it should and for
// its very fault.
func TestSourceFaults(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		f := sourceFaults[name]
		discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
			kit := newRegistry().sourceKit()
			kit.Source, kit.Patience = faulty(kit.Source, f.fault), patience(f.says)
			return kit
		})
		return
	}
	for name, f := range sourceFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsFor(t, name, f.tests, f.says)
		})
	}
}

// A backlog is a source that keeps the oldest of its news for a slow loop, and drops the
// newest.
type backlog chan []discover.Instance

func (b backlog) set(_ *testing.T, set []discover.Instance) {
	select {
	case b <- discover.Sorted(set):
	default:
	}
}

func (b backlog) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for {
			select {
			case set := <-b:
				if !yield(set, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// TestBacklog fails the test with a slow loop.
func TestBacklog(t *testing.T) {
	t.Parallel()
	if os.Getenv(faultOf) == "" {
		failsFor(t, "backlog", []string{"gives_a_slow_loop_the_last_set"}, `^no set .* within 1s; there came: `)
		return
	}
	discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
		b := make(backlog, 4)
		return discovertest.SourceKit{Source: b, Set: b.set, Patience: time.Second}
	})
}

// kitFaults are what may be wrong with a kit, and what is said of each.
var kitFaults = map[string]struct {
	source    func(*discovertest.SourceKit)
	registrar func(*discovertest.RegistrarKit)
	says      []string // of a source, of a registrar
}{
	"zero": {
		func(k *discovertest.SourceKit) { *k = discovertest.SourceKit{} },
		func(k *discovertest.RegistrarKit) { *k = discovertest.RegistrarKit{} },
		[]string{`^discovertest: SourceKit: (Source|Set) is nil$`, `^discovertest: RegistrarKit: (Registrar|Source) is nil$`},
	},
	"no source": {
		func(k *discovertest.SourceKit) { k.Source = nil },
		func(k *discovertest.RegistrarKit) { k.Source = nil },
		[]string{`^discovertest: SourceKit: Source is nil$`, `^discovertest: RegistrarKit: Source is nil$`},
	},
	"nothing to test": {
		func(k *discovertest.SourceKit) { k.Set = nil },
		func(k *discovertest.RegistrarKit) { k.Registrar = nil },
		[]string{`^discovertest: SourceKit: Set is nil$`, `^discovertest: RegistrarKit: Registrar is nil$`},
	},
	"no Restore": {
		func(k *discovertest.SourceKit) { k.Restore = nil },
		func(k *discovertest.RegistrarKit) { k.Restore = nil },
		[]string{`^discovertest: SourceKit: Break is set, but Restore is nil$`, `^discovertest: RegistrarKit: Break is set, but Restore is nil$`},
	},
	"no Break": {
		func(k *discovertest.SourceKit) { k.Break = nil },
		func(k *discovertest.RegistrarKit) { k.Break = nil },
		[]string{`^discovertest: SourceKit: Restore is set, but Break is nil$`, `^discovertest: RegistrarKit: Restore is set, but Break is nil$`},
	},
	"no patience": {
		func(k *discovertest.SourceKit) { k.Patience = -1 },
		func(k *discovertest.RegistrarKit) { k.Patience = -1 },
		[]string{`^discovertest: SourceKit: Patience is -1ns, it must not be negative$`, `^discovertest: RegistrarKit: Patience is -1ns, it must not be negative$`},
	},
	"few": {
		func(k *discovertest.SourceKit) { k.Instances = append(k.Instances[:2], k.Instances[1]) },
		func(k *discovertest.RegistrarKit) { k.Instances = k.Instances[:1] },
		[]string{`^the kit has 2 addresses, the tests need 3$`, `^the kit has 1 addresses, the tests need 2$`},
	},
}

// TestSourceKitFaults names what is wrong with a kit.
func TestSourceKitFaults(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
			kit := newRegistry().sourceKit()
			kitFaults[name].source(&kit)
			return kit
		})
		return
	}
	for name, f := range kitFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsFor(t, name, []string{"follows_the_registry"}, f.says[0])
		})
	}
}

// TestRegistrarKitFaults does so with the kits of registrars.
func TestRegistrarKitFaults(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(faultOf); name != "" {
		discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
			kit := newRegistry().registrarKit()
			kitFaults[name].registrar(&kit)
			return kit
		})
		return
	}
	for name, f := range kitFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsFor(t, name, []string{"registers_and_takes_out"}, f.says[1])
		})
	}
}

// TestNilKits: without a func that makes kits nothing is tested.
func TestNilKits(t *testing.T) {
	t.Parallel()
	switch os.Getenv(faultOf) {
	case "":
	case "source":
		discovertest.Source(t, nil)
		return
	default:
		discovertest.Registrar(t, nil)
		return
	}
	for fault, says := range map[string]string{
		"source":    "discovertest: Source: newKit is nil",
		"registrar": "discovertest: Registrar: newKit is nil",
	} {
		require.Contains(t, failing(t, fault, "^TestNilKits$"), says)
	}
}

var (
	failure = regexp.MustCompile(`(?m)^    --- FAIL: \w+/(\S+) `)
	message = regexp.MustCompile(`(?m)^        \w+\.go:\d+: (.*)$`)
)

// failsFor runs the tests of a suite in another process, as they should fail.
func failsFor(t *testing.T, fault string, tests []string, says string) {
	t.Helper()
	parent, _, _ := strings.Cut(t.Name(), "/")
	out := failing(t, fault, "^"+parent+"$/^("+strings.Join(tests, "|")+")$")
	var failed []string
	for _, m := range failure.FindAllStringSubmatch(out, -1) {
		failed = append(failed, m[1])
	}
	require.ElementsMatch(t, tests, failed, "%s", out)
	messages := message.FindAllStringSubmatch(out, -1)
	require.NotEmpty(t, messages, "%s", out)
	for _, m := range messages {
		require.Regexp(t, says, m[1])
	}
}

// failing runs tests in another process that has the fault, and returns what they
// print as they fail.
func failing(t *testing.T, fault, tests string) string {
	t.Helper()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.timeout=1m", "-test.run="+tests)
	again.Env = append(os.Environ(), faultOf+"="+fault)
	out, err := again.CombinedOutput()
	require.ErrorContains(t, err, "exit status 1", "%s", out)
	return string(out)
}
