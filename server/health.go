package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/health"
)

// The period of checks that look at the state of the server itself.
const ownPeriod = time.Second

// A fate is the error with which a part of the server has ended, if it has.
type fate struct{ err atomic.Pointer[error] }

func (f *fate) set(err error) {
	if err != nil {
		f.err.Store(&err)
	}
}

// check returns the error. It is a func of a health check.
func (f *fate) check(context.Context) error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

// checkHealth runs the checks until ctx ends.
func (r *running) checkHealth(ctx context.Context) {
	s := r.server
	for _, l := range s.listeners {
		s.addCheck(health.Check{Run: l.fate.check, Every: ownPeriod}, "listener", l.name)
	}
	for _, w := range s.works {
		s.addCheck(health.Check{Run: w.fate.check, Every: ownPeriod}, "work", w.name)
	}
	for _, rep := range s.reporters {
		s.publishers = append(s.publishers, rep.publisher())
	}
	registry := health.New(s.checks, s.checkChanged)
	s.registry.Store(registry)
	r.checking.Go(func() { registry.Run(ctx) })
	for _, p := range s.publishers {
		r.checking.Go(func() { p.Run(ctx) })
	}
}

// awaitChecks waits until end for checks and reports that are running. One that hangs does
// not make the stop a failure.
func (r *running) awaitChecks(end time.Time) {
	if err := r.await(&r.checking, time.Until(end)); err != nil {
		r.server.emit("failed", "checks", err)
	}
}

// healthReport returns the last results of the checks.
func (s *Server) healthReport() *health.Report {
	if registry := s.registry.Load(); registry != nil {
		return registry.Report()
	}
	return &health.Report{}
}

// checkChanged tells of a check that has another status, or its first result.
func (s *Server) checkChanged(before, now health.Result) {
	if before.HasRun() || now.Status != health.Pass {
		kind := map[health.Status]string{health.Pass: "passed", health.Warn: "warned", health.Fail: "failed"}[now.Status]
		s.Event(context.Background(), endpoint.Event{Source: "check", Name: now.Name, Kind: kind, Err: now.Err})
	}
	s.refreshReady()
	s.publish()
}

// publish makes the reporters report soon.
func (s *Server) publish() {
	for _, p := range s.publishers {
		p.Changed()
	}
}
