package server

import (
	"context"
	"errors"
	"sync"

	"github.com/typedkit/endpoint/server/internal/edge"
)

var errTwice = errors.New("server: Run was called before")

// Run serves until ctx ends or a part fails, and then stops, as the documentation of the
// package describes. It returns the faults of the construction; or the errors of addresses
// that cannot be bound; or, after the stop, the error of the part that failed and of what
// did not end properly. It is nil after a stop in which calls were cancelled: that is an
// event and a line in the log. Run may be called once.
func (s *Server) Run(ctx context.Context) error {
	if !s.state.CompareAndSwap(int32(StateNew), int32(StateStarting)) {
		return errTwice
	}
	if err := s.Err(); err != nil {
		s.state.Store(int32(StateStopped))
		return err
	}
	r := &running{server: s, failed: make(chan struct{})}
	return r.run(ctx)
}

// running is the state of Run.
type running struct {
	server      *Server
	ctx         context.Context // with the values of Run's; it does not end
	base        context.Context // of HTTP calls
	cancelCalls context.CancelCauseFunc

	served, working, checking, registered sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	stopping bool
	errs     []error
	failed   chan struct{} // closed at the first failure
}

func (r *running) run(ctx context.Context) error {
	s := r.server
	s.emit(StateStarting.String(), "", nil)
	if err := r.bind(ctx); err != nil {
		s.enter(StateStopped)
		return err
	}
	r.ctx = context.WithoutCancel(ctx)
	r.base, r.cancelCalls = context.WithCancelCause(r.ctx)
	defer r.cancelCalls(errStopped)
	work, endWork := context.WithCancelCause(r.ctx)
	registry, deregister := context.WithCancel(r.ctx)
	for _, w := range s.works {
		r.work(work, w)
	}
	r.checkHealth(work)
	for _, l := range s.listeners {
		r.serve(l)
	}
	s.enter(StateRunning)
	r.register(registry)
	select {
	case <-ctx.Done():
	case <-r.failed:
	}
	r.stop(deregister, endWork)
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// bind takes the addresses of all listeners, or none.
func (r *running) bind(ctx context.Context) error {
	var errs []error
	for _, l := range r.server.listeners {
		if l.joined {
			continue
		}
		raw, err := edge.Listen(ctx, l.addr)
		if err != nil {
			errs = append(errs, named(l.name, err))
			continue
		}
		l.bound = edge.Bound(raw, l.limits, r.server.log)
	}
	for _, l := range r.server.listeners {
		for _, reg := range l.registrations {
			if l.bound == nil {
				continue
			}
			var err error
			reg.instance, err = r.server.instanceOf(ctx, l, reg)
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	for _, l := range r.server.listeners {
		switch {
		case l.bound == nil:
		case err != nil:
			_ = l.bound.Close()
		default:
			r.server.announce(l)
		}
	}
	return err
}

// serve serves a listener in the background.
func (r *running) serve(l *listener) {
	if p, ok := l.part.(*httpPart); ok {
		base := r.base
		if l.lasting {
			base = r.ctx
		}
		p.prepare(base, l.limits)
	}
	r.served.Go(func() {
		err := errExited
		defer func() { r.ended(&l.fate, l.name, err, errEnded) }()
		err = caught(func() error {
			if l.joined {
				return l.part.Serve(nil)
			}
			return l.part.Serve(l.bound)
		})
	})
}

// work runs a work in the background.
func (r *running) work(ctx context.Context, w *step) {
	r.working.Go(func() {
		err := errExited
		defer func() { r.ended(&w.fate, w.name, err, nil) }()
		err = caught(func() error { return w.run(ctx) })
	})
}

// ended notes that something has ended. early is the error of one that ended without an
// error before the stop.
func (r *running) ended(f *fate, name string, err, early error) {
	r.mu.Lock()
	stopping := r.stopping
	r.mu.Unlock()
	switch {
	case stopping && (err == nil || isStop(err)):
		return
	case err == nil:
		err = early
	}
	f.set(err)
	r.fail(name, err)
}

// fail notes the error of a part, unless it is nil, and begins the stop.
func (r *running) fail(name string, err error) {
	if err == nil {
		return
	}
	r.server.emit("failed", name, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, named(name, err))
	select {
	case <-r.failed:
	default:
		close(r.failed)
	}
}

// isStop reports whether err says no more than that a context has ended.
func isStop(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, ErrStopping) }
