package discover

import (
	"context"
	"iter"
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

// Watch calls f.
func (f SourceFunc) Watch(ctx context.Context) iter.Seq2[[]Instance, error] { return f(ctx) }

// Static returns a Source of these addresses, which never change.
func Static(addrs ...string) Source {
	set := make([]Instance, len(addrs))
	for i, addr := range addrs {
		set[i].Addr = addr
	}
	return Fixed(set...)
}

// Fixed returns a Source of these instances, which never change.
func Fixed(instances ...Instance) Source {
	set := Sorted(instances)
	return SourceFunc(func(ctx context.Context) iter.Seq2[[]Instance, error] {
		return func(yield func([]Instance, error) bool) {
			if ctx.Err() == nil && yield(set, nil) {
				<-ctx.Done()
			}
		}
	})
}
