package registrytest

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A watcher follows a source.
type watcher struct {
	t      *testing.T
	name   string
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex // guards the fields below
	set     []discover.Instance
	known   bool // there was a set
	sets    int
	at      time.Time // of the last set
	errs    []string
	stands  []discover.Instance // unless nil, the only set that may come
	changes []string            // sets that came in its place
	changed chan struct{}
}

// watch follows the source until the test ends.
func watch(t *testing.T, name string, source discover.Source) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{t: t, name: name, cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{})}
	go w.loop(ctx, source)
	t.Cleanup(w.end)
	return w
}

func (w *watcher) loop(ctx context.Context, source discover.Source) {
	defer close(w.ended)
	for set, err := range source.Watch(ctx) {
		w.note(set, err)
	}
	if ctx.Err() == nil {
		w.t.Errorf("%s: the Watch ended before its context", w.name)
	}
}

func (w *watcher) note(set []discover.Instance, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.errs = append(w.errs, err.Error())
		return
	}
	w.set, w.known = set, true
	w.sets++
	w.at = time.Now()
	if w.stands != nil && !same(w.set, w.stands) {
		w.changes = append(w.changes, time.Now().Format("15:04:05.000 ")+describe(set))
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// end ends the Watch, and waits for that.
func (w *watcher) end() {
	w.t.Helper()
	w.cancel()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ended:
	case <-timer.C:
		w.t.Errorf("%s: the Watch goes on %v after its context has ended", w.name, patience)
	}
}

// want waits for a set of these instances, and returns how long that took.
func (w *watcher) want(within time.Duration, set ...discover.Instance) time.Duration {
	w.t.Helper()
	set = discover.Sorted(set)
	return w.until(within, describe(set), func(got []discover.Instance) bool { return same(got, set) })
}

// addrs waits for a set with these addresses, which are sorted, and returns how long that
// took.
func (w *watcher) addrs(within time.Duration, addrs ...string) time.Duration {
	w.t.Helper()
	return w.until(within, fmt.Sprint(addrs), func(set []discover.Instance) bool {
		return slices.EqualFunc(set, addrs, func(in discover.Instance, addr string) bool { return in.Addr == addr })
	})
}

// until waits for a set.
func (w *watcher) until(within time.Duration, what string, is func(set []discover.Instance) bool) time.Duration {
	w.t.Helper()
	begun := time.Now()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		w.mu.Lock()
		known, set, changed, errs := w.known, w.set, w.changed, w.errs
		w.mu.Unlock()
		if known && is(set) {
			return time.Since(begun)
		}
		select {
		case <-changed:
		case <-timer.C:
			w.t.Fatalf("%s: no set %s within %v; the last one is %s, and the last errors are %q",
				w.name, what, within, describe(set), errs[max(0, len(errs)-3):])
		}
	}
}

// freeze makes every other set than the present one a fault, until thaw.
func (w *watcher) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stands = slices.Clone(w.set)
}

// thaw reports the sets that came since freeze and were not as they should be.
func (w *watcher) thaw() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.changes) > 0 {
		w.t.Errorf("%s: %d sets differ from %s, the first ones: %q",
			w.name, len(w.changes), describe(w.stands), w.changes[:min(3, len(w.changes))])
	}
	w.stands, w.changes = nil, nil
}

// last returns when the last set came.
func (w *watcher) last() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// failures returns how many errors there were.
func (w *watcher) failures() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.errs)
}

// same reports whether the sets are the same, but for what a source adds to Meta.
func same(got, want []discover.Instance) bool {
	return slices.EqualFunc(got, want, func(a, b discover.Instance) bool {
		meta := maps.Clone(a.Meta)
		maps.DeleteFunc(meta, func(key, _ string) bool { _, ok := b.Meta[key]; return !ok })
		if !maps.Equal(meta, b.Meta) {
			return false
		}
		a.Meta, b.Meta = nil, nil
		return reflect.DeepEqual(a, b)
	})
}

func describe(set []discover.Instance) string {
	if len(set) > 10 {
		return fmt.Sprintf("of %d instances", len(set))
	}
	texts := make([]string, len(set))
	for i, in := range set {
		texts[i] = in.Addr
	}
	return "[" + strings.Join(texts, " ") + "]"
}
