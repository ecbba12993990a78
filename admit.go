package endpoint

import (
	"context"
	"slices"
)

// An Admitter is a Layer whose Enter takes a place that the call holds until its
// Exit, of a limited number: of calls at a time, for example. It is an ability for
// authors of policies and may change before 1.0.
//
// A server takes a place only once the request has come, because a client could
// hold one for as long as it likes to send. Before that, Admit reports whether
// there is one, by the error that Enter would return, and takes nothing. Enter may
// still refuse the call later.
type Admitter interface {
	Layer
	Admit(ctx context.Context) error
}

// Split splits a stack of Bind at its first [Admitter]: a server enters the layers
// before, calls Admit of those after, reads the request, and enters those after.
// Without an Admitter, after is empty. For authors of transports.
func (s Stack) Split() (before, after Stack) {
	// Nothing is read of a request whose caller is not known, even if a layer outside of
	// the gate takes a place. See decision 200.
	inside := 1 + slices.IndexFunc(s, func(l Layer) bool { _, ok := l.(gate); return ok })
	i := slices.IndexFunc(s[inside:], func(l Layer) bool { _, ok := l.(Admitter); return ok })
	if i < 0 {
		return s, nil
	}
	i += inside
	before, after = slices.Clone(s[:i]), s[i:]
	if edge, ok := first(s).(boundary); ok {
		after = slices.Concat(Stack{edge}, after)
		edge.split = true
		before[0] = edge
	}
	return before, after
}

// Admit calls Admit of each [Admitter] of a stack of Bind, in order, and returns the
// first error. For authors of transports.
func (s Stack) Admit(ctx context.Context) error {
	for _, l := range s {
		if a, ok := l.(Admitter); ok {
			if err := a.Admit(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
