package discovertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A SourceKit is a source with the registry behind it. A new one is made for
// each test.
type SourceKit struct {
	// Source is what is tested.
	Source discover.Source
	// Set makes the registry hold these instances and no others. It may be
	// called before the source is watched.
	Set func(t *testing.T, instances []discover.Instance)
	// Break makes the registry unreachable and Restore reachable again, with
	// the instances that it had. Without them what happens then is not tested.
	Break, Restore func(t *testing.T)
	// Addrs are three addresses that the registry can hold. The default is
	// 192.0.2.1:80 to 192.0.2.3:80.
	Addrs []string
	// Patience is how long a change may take to be seen. The default is 10 s.
	Patience time.Duration
}

func (k *SourceKit) defaults() {
	if k.Addrs == nil {
		k.Addrs = []string{"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"}
	}
	if k.Patience == 0 {
		k.Patience = 10 * time.Second
	}
}

// Source runs the tests of a source, each as a subtest with a kit of its own.
func Source(t *testing.T, newKit func(t *testing.T) SourceKit) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(t *testing.T, k *SourceKit)
	}{
		{"follows the registry", follows},
		{"yields an empty set", yieldsEmpty},
		{"watches side by side", sideBySide},
		{"ends with its context", endsWithContext},
		{"does not start under a context that has ended", startsEnded},
		{"ends with the loop", endsWithLoop},
		{"gives a slow loop the last set", lastToSlow},
		{"survives the registry's failure", survives},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t)
			k.defaults()
			tt.test(t, &k)
		})
	}
}

func follows(t *testing.T, k *SourceKit) {
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

func yieldsEmpty(t *testing.T, k *SourceKit) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	k.set(t)
	w.want()
	k.set(t, k.Addrs[1])
	w.want(k.Addrs[1])
}

func sideBySide(t *testing.T, k *SourceKit) {
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

func endsWithContext(t *testing.T, k *SourceKit) {
	t.Helper()
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	w.end()
}

func startsEnded(t *testing.T, k *SourceKit) {
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

func endsWithLoop(t *testing.T, k *SourceKit) {
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

func lastToSlow(t *testing.T, k *SourceKit) {
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

func survives(t *testing.T, k *SourceKit) {
	t.Helper()
	if k.Break == nil || k.Restore == nil {
		t.Skip("the kit has no Break and Restore")
	}
	k.set(t, k.Addrs[0])
	w := k.watch(t)
	w.want(k.Addrs[0])
	k.Break(t)
	w.wantError()
	k.Restore(t)
	k.set(t, k.Addrs[0], k.Addrs[1])
	w.want(k.Addrs[0], k.Addrs[1])
}

func (k *SourceKit) set(t *testing.T, addrs ...string) {
	t.Helper()
	set := make([]discover.Instance, len(addrs))
	for i, addr := range addrs {
		set[i].Addr = addr
	}
	k.Set(t, set)
}

// watcher ranges over a source.
type watcher struct {
	t      *testing.T
	kit    *SourceKit
	news   chan news
	cancel context.CancelFunc
	ended  chan struct{}
	gate   chan struct{} // has a value while the loop may go on
}

type news struct {
	set []discover.Instance
	err error
}

func (k *SourceKit) watch(t *testing.T) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{t, k, make(chan news, 1024), cancel, make(chan struct{}), make(chan struct{}, 1)}
	w.gate <- struct{}{}
	go func() {
		defer close(w.ended)
		for set, err := range k.Source.Watch(ctx) {
			w.news <- news{set, err}
			select {
			case <-w.gate:
				w.gate <- struct{}{}
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(w.end)
	return w
}

func (w *watcher) pause()  { <-w.gate }
func (w *watcher) resume() { w.gate <- struct{}{} }

// end ends the watch and waits until its loop has ended.
func (w *watcher) end() {
	w.t.Helper()
	w.cancel()
	within(w.t, w.kit.Patience, "the end of a Watch", func() { <-w.ended })
}

// want waits for a set with these addresses. Others may come before it, and
// errors too.
func (w *watcher) want(addrs ...string) {
	w.t.Helper()
	seen := w.until(func(n news) bool {
		return n.err == nil && slices.EqualFunc(n.set, addrs, func(in discover.Instance, addr string) bool { return in.Addr == addr })
	})
	if seen != "" {
		w.t.Fatalf("no set %q within %v; there came: %s", addrs, w.kit.Patience, seen)
	}
}

func (w *watcher) wantError() {
	w.t.Helper()
	if seen := w.until(func(n news) bool { return n.err != nil }); seen != "" {
		w.t.Fatalf("no error within %v; there came: %s", w.kit.Patience, seen)
	}
}

// until returns "" when there is news of a kind, else what came instead.
func (w *watcher) until(is func(news) bool) string {
	w.t.Helper()
	timeout := time.NewTimer(w.kit.Patience)
	defer timeout.Stop()
	seen := []string{"nothing"}
	for {
		select {
		case n := <-w.news:
			w.check(n)
			if is(n) {
				return ""
			}
			seen = append(seen, n.String())
		case <-timeout.C:
			return strings.Join(seen[min(1, len(seen)-1):], "; ")
		}
	}
}

// check looks at what holds of everything that a source yields.
func (w *watcher) check(n news) {
	w.t.Helper()
	switch {
	case n.err != nil && n.set != nil:
		w.t.Errorf("a set beside the error %v", n.err)
	case n.err == nil && !slices.EqualFunc(n.set, discover.Sorted(n.set), func(a, b discover.Instance) bool { return a.Addr == b.Addr }):
		w.t.Errorf("a set that is not sorted, or has an address twice: %s", n)
	}
}

func (n news) String() string {
	if n.err != nil {
		return "error " + n.err.Error()
	}
	addrs := make([]string, len(n.set))
	for i, in := range n.set {
		addrs[i] = in.Addr
	}
	return fmt.Sprintf("set %q", addrs)
}

// within fails the test when f does not return in time.
func within(t *testing.T, patience time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
		t.Fatalf("%s did not end within %v", what, patience)
	}
}
