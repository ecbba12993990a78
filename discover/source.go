package discover

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
)

// A Source knows which instances a service has. One Watch may run beside
// another.
//
// Watch yields the complete set, sorted and each address once ([Sorted] makes
// it so), as soon as it is known and again whenever it has changed; an empty
// set is a set. Of each instance it says all that the registry holds, and what
// changes there changes the set. It yields an error when the source cannot tell
// at the moment, and no set of what it still sees: the last one stands, and the
// sequence goes on. As soon as it can tell again it yields the set, changed or
// not. The slice that it yields, and what is in it, is not changed afterwards.
//
// The sequence ends soon after ctx has ended, and sooner only when there can
// never be another set, after one last error that says why. When it has ended,
// or the loop over it was left, nothing of it runs on. A slow loop misses sets,
// never the last one.
type Source interface {
	Watch(ctx context.Context) iter.Seq2[[]Instance, error]
}

// A SourceFunc is a Source that is a function.
type SourceFunc func(ctx context.Context) iter.Seq2[[]Instance, error]

// Watch calls f. If f is nil, it yields an error and ends.
func (f SourceFunc) Watch(ctx context.Context) iter.Seq2[[]Instance, error] {
	if f == nil {
		return func(yield func([]Instance, error) bool) { yield(nil, errNilFunc) }
	}
	return f(ctx)
}

var errNilFunc = errors.New("discover: SourceFunc: the func is nil")

// Static returns a Source of these addresses, which never change. It leaves an empty
// address out. Each Watch yields a copy of its own.
func Static(addrs ...string) Source {
	set := make([]Instance, len(addrs))
	for i, addr := range addrs {
		set[i].Addr = addr
	}
	return Fixed(set...)
}

// Fixed returns a Source of these instances, which never change. It leaves an instance
// without an address out. Each Watch yields a copy of its own.
func Fixed(instances ...Instance) Source { return fixed(clones(Sorted(instances))) }

// fixed is a source whose set never changes.
type fixed []Instance

// Watch yields the set once.
func (f fixed) Watch(ctx context.Context) iter.Seq2[[]Instance, error] {
	return func(yield func([]Instance, error) bool) {
		if ctx.Err() == nil && yield(clones(f), nil) {
			<-ctx.Done()
		}
	}
}

// clones returns copies of the instances.
func clones(set []Instance) []Instance {
	set = slices.Clone(set)
	for i := range set {
		set[i].Meta = maps.Clone(set[i].Meta)
	}
	return set
}
