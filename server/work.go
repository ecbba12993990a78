package server

import (
	"context"
)

// A step is a named func that the server runs.
type step struct {
	name string
	run  func(ctx context.Context) error
	fate fate // of a work
}

// Go runs f in the background, from before the server is ready until its calls have
// ended: then the context of f ends with the cause [ErrStopping], and f has two seconds to
// return. If f returns an error before the stop, or panics, the server stops and Run
// returns that error. If f returns nil, it has finished. During the stop, f may also return
// the error or the cause of its context. An empty or double name and a nil func are faults.
func Go(name string, f func(ctx context.Context) error) Item {
	return item(func(s *Server) { s.works = s.addStep("Go", s.works, name, f != nil, f) })
}

// Close has f called when the calls and works have ended, in the reverse order of Add. All
// such funcs together have two seconds. An error of f is returned by Run. An empty or
// double name and a nil func are faults.
func Close(name string, f func() error) Item {
	return item(func(s *Server) {
		s.closers = s.addStep("Close", s.closers, name, f != nil, func(context.Context) error { return f() })
	})
}

// Flush has f called at the end of the stop, to send what is left of traces, logs and so
// on. All such funcs run side by side and have two seconds, after which their context
// ends. An error of f is an event, and no failure of the server: nobody was served worse
// for it. An empty or double name and a nil func are faults.
func Flush(name string, f func(ctx context.Context) error) Item {
	return item(func(s *Server) { s.flushes = s.addStep("Flush", s.flushes, name, f != nil, f) })
}

// addStep appends a step to those that there are.
func (s *Server) addStep(kind string, steps []*step, name string, isFunc bool, f func(ctx context.Context) error) []*step {
	s.check(name != "", "%s: the name is empty", kind)
	s.check(isFunc, "%s %q: the func is nil", kind, name)
	for _, other := range steps {
		s.check(name != other.name, "%s %q: there are two of this name", kind, name)
	}
	return append(steps, &step{name: name, run: f})
}
