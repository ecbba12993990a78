package discovertest

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// watcher ranges over a source.
type watcher struct {
	t      *testing.T
	kit    *suite
	news   chan news // closed when the loop has ended
	cancel context.CancelFunc
	gate   chan struct{}       // has a value while the loop may go on
	stands []discover.Instance // unless nil, the only set that may come
	ended  chan struct{}

	// Of the loop, until it has ended.
	yielded []yielded
	early   bool // it ended before its context
}

type news struct {
	set []discover.Instance
	err error
}

// yielded is a set, and what it was when it was yielded.
type yielded struct{ set, was []discover.Instance }

func (k *suite) watch(t *testing.T) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{
		t: t, kit: k, news: make(chan news, 1024), cancel: cancel,
		gate: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	w.gate <- struct{}{}
	go w.loop(ctx)
	t.Cleanup(w.end)
	return w
}

func (w *watcher) loop(ctx context.Context) {
	defer close(w.ended)
	defer close(w.news)
	for set, err := range w.kit.Source.Watch(ctx) {
		was := clone(set)
		w.yielded = append(w.yielded, yielded{set, was})
		select {
		case w.news <- news{was, err}:
		case <-ctx.Done():
		}
		select {
		case <-w.gate:
			w.gate <- struct{}{}
		case <-ctx.Done():
		}
	}
	w.early = ctx.Err() == nil
}

func clone(set []discover.Instance) []discover.Instance {
	set = slices.Clone(set)
	for i := range set {
		set[i].Meta = maps.Clone(set[i].Meta)
	}
	return set
}

func (w *watcher) pause()  { <-w.gate }
func (w *watcher) resume() { w.gate <- struct{}{} }

// end ends the watch and waits until its loop has ended.
func (w *watcher) end() {
	w.t.Helper()
	w.cancel()
	within(w.t, w.kit.Patience, "the end of a Watch", func() { <-w.ended })
	if w.early {
		w.t.Errorf("the Watch ended before its context did")
	}
	for _, y := range w.yielded {
		// Only now, as a source that breaks its word may do so at any time.
		if !reflect.DeepEqual(y.set, y.was) {
			w.t.Errorf("a set that was changed after it was yielded: %s is now %s", news{set: y.was}, news{set: y.set})
			break
		}
	}
	w.early, w.yielded = false, nil // it is said
}

// want waits for a set with these addresses. Others may come before it, and
// errors too.
func (w *watcher) want(addrs ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf("set %q", addrs), func(n news) bool {
		return n.err == nil && slices.EqualFunc(n.set, addrs, func(in discover.Instance, addr string) bool { return in.Addr == addr })
	})
}

// wantAll waits for this set, with all that the kit says of its instances.
func (w *watcher) wantAll(set []discover.Instance) {
	w.t.Helper()
	w.until(news{set: set}.String(), func(n news) bool { return n.err == nil && w.kit.same(n.set, set) })
}

func (w *watcher) wantError() {
	w.t.Helper()
	w.until("error", func(n news) bool { return n.err != nil })
}

// until waits for news of a kind.
func (w *watcher) until(what string, is func(news) bool) {
	w.t.Helper()
	timeout := time.NewTimer(w.kit.Patience)
	defer timeout.Stop()
	seen := []string{"nothing"}
	for {
		select {
		case n, ok := <-w.news:
			if !ok {
				w.end() // says why
				w.t.FailNow()
			}
			w.check(n)
			if is(n) {
				return
			}
			seen = append(seen, n.String())
		case <-timeout.C:
			w.t.Fatalf("no %s within %v; there came: %s", what, w.kit.Patience, strings.Join(seen[min(1, len(seen)-1):], "; "))
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
	case n.err == nil && w.stands != nil && !w.kit.same(n.set, w.stands):
		w.t.Fatalf("a set that is not what the registry held when it broke: %s, not %s", n, news{set: w.stands})
	}
}

// String returns the addresses, and the instances if there is more to say.
func (n news) String() string {
	if n.err != nil {
		return "error " + n.err.Error()
	}
	texts := make([]string, len(n.set))
	for i, in := range n.set {
		texts[i] = fmt.Sprintf("%q", in.Addr)
		if !reflect.DeepEqual(in, discover.Instance{Addr: in.Addr}) {
			texts[i] = fmt.Sprintf("%+v", in)
		}
	}
	return "set [" + strings.Join(texts, " ") + "]"
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
