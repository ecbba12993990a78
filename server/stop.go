package server

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// errStopped is the cause of the contexts that a stop ends.
var errStopped = ErrStopping.WithRetryAfter(time.Second)

// stop stops the server. Each step has a bound, and none is skipped.
func (r *running) stop(deregister func(), endWork func(cause error)) {
	s := r.server
	r.mu.Lock()
	r.stopping = true
	r.mu.Unlock()
	s.enter(StateDraining)
	r.each(r.parts(false), hangMargin, func(l *listener) error { l.draining(); return nil })
	deregister()
	r.propagate()
	r.drain()
	endWork(errStopped)
	workEnd := time.Now().Add(workTime)
	r.fail("works", r.await(&r.working, workTime))
	r.awaitChecks(workEnd)
	r.close()
	r.flush()
	r.each(r.parts(true), hangMargin, func(l *listener) error { return l.part.Close() })
	r.fail("listeners", r.await(&r.served, cutTime))
	s.enter(StateStopped)
}

// parts returns the listeners that serve until the end, or the others.
func (r *running) parts(lasting bool) []*listener {
	return slices.DeleteFunc(slices.Clone(r.server.listeners), func(l *listener) bool { return l.lasting != lasting })
}

// each calls f for the listeners side by side, and waits for them a bounded time. Their
// errors are failures.
func (r *running) each(listeners []*listener, limit time.Duration, f func(l *listener) error) {
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	var all sync.WaitGroup
	for _, l := range listeners {
		all.Go(func() { r.fail(l.name, bounded(ctx, func(context.Context) error { return f(l) })) })
	}
	all.Wait()
}

// propagate waits until others have noticed that the server is not ready, and until the
// registrars are done.
func (r *running) propagate() {
	noticed, cancel := context.WithTimeout(r.ctx, r.server.propagation())
	defer cancel()
	if err := r.await(&r.registered, deregisterTime); err != nil {
		r.server.emit("failed", "registrars", err)
	}
	<-noticed.Done()
}

// propagation returns how long others need to notice.
func (s *Server) propagation() time.Duration {
	if d := s.config.propagation; d != nil {
		return *d
	}
	for _, l := range s.listeners {
		if len(l.registrations) > 0 {
			return DefaultPropagation
		}
	}
	if s.probed.Load() {
		return DefaultPropagation
	}
	return 0
}

// drain accepts no more calls, ends the response streams, and lets the other calls finish.
func (r *running) drain() {
	s := r.server
	ctx, cancel := context.WithTimeout(r.ctx, s.config.grace+cutTime)
	defer cancel()
	late := time.AfterFunc(s.config.grace, func() {
		s.emit("cancelled", fmt.Sprintf("after %v: %s", s.config.grace, s.inFlight()), nil)
		_ = s.calls.close()
		r.cancelCalls(errStopped)
	})
	defer late.Stop()
	parts := r.parts(false)
	var drained sync.WaitGroup
	for _, l := range parts {
		drained.Go(func() {
			if err := bounded(ctx, l.part.Drain); err != nil {
				s.emit("cancelled", l.name, err)
			}
		})
	}
	s.emit("closing", fmt.Sprintf("%d response streams end", s.streams.close()), nil)
	drained.Wait()
	r.each(parts, cutTime, func(l *listener) error { return l.part.Close() })
}

// await waits for a group. It returns an error after the limit.
func (r *running) await(g *sync.WaitGroup, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	return bounded(ctx, func(context.Context) error {
		g.Wait()
		return nil
	})
}

// close runs the closers, the last one first. One that hangs uses up the time, but the
// others are called all the same.
func (r *running) close() {
	end := time.Now().Add(closeTime)
	for _, c := range slices.Backward(r.server.closers) {
		ctx, cancel := context.WithTimeout(r.ctx, max(time.Until(end), minimumTime))
		err := bounded(ctx, c.run)
		cancel()
		r.server.emit("closed", c.name, err)
		r.fail(c.name, err)
	}
}

// flush runs what Flush has added, side by side.
func (r *running) flush() {
	ctx, cancel := context.WithTimeout(r.ctx, flushTime)
	defer cancel()
	var all sync.WaitGroup
	for _, f := range r.server.flushes {
		all.Go(func() { r.server.emit("flushed", f.name, bounded(ctx, f.run)) })
	}
	all.Wait()
}
