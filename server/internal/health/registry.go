package health

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// errNotRun is the error of a check before its first result.
var errNotRun = errors.New("not run yet")

// A Registry runs checks in the background and keeps their last results. Each check runs
// at once when Run starts, and then at most once in its period, however often the report
// is read. A check that hangs has failed after its time-out, and is not started again
// until it has returned. A panic and a call of runtime.Goexit are failures. A Registry is
// safe for concurrent use.
type Registry struct {
	checks  []Check
	changed func(before, now Result)

	mu     sync.Mutex // serializes the writers of report
	report atomic.Pointer[Report]
}

// New returns a registry of checks, which must have no faults. Until it has its first
// result, a check fails. A non-nil changed is called, without a lock held, for the first
// result of each check and whenever its status changes, for several checks at once. It must
// return soon: the check does not run meanwhile.
func New(checks []Check, changed func(before, now Result)) *Registry {
	r := &Registry{checks: slices.Clone(checks), changed: changed}
	now := time.Now()
	results := make([]Result, len(checks))
	for i, c := range checks {
		results[i] = Result{Name: c.Name, Warns: c.Warns, Status: failing(c), Err: errNotRun, Since: now}
	}
	r.report.Store(reportOf(results))
	return r
}

// Report returns the last results.
func (r *Registry) Report() *Report { return r.report.Load() }

// Run runs the checks until ctx has ended, and each running check has returned or reached
// its time-out. The results stay as they are. Run must be called once.
func (r *Registry) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i, c := range r.checks {
		w := &worker{call: c.Run, every: c.every(), within: c.within(), settle: func(start time.Time, took time.Duration, err error) {
			r.settle(i, start, took, err)
		}}
		all.Go(func() { w.run(ctx) })
	}
	<-ctx.Done()
	all.Wait()
}

// settle publishes a report with the new result of check i.
func (r *Registry) settle(i int, start time.Time, took time.Duration, err error) {
	before, now := r.replace(i, start, took, err)
	if r.changed != nil && (before.Status != now.Status || !before.HasRun()) {
		r.changed(before, now)
	}
}

func (r *Registry) replace(i int, start time.Time, took time.Duration, err error) (before, now Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	results := slices.Clone(r.report.Load().Results)
	before = results[i]
	now = before
	now.At, now.Took, now.Err, now.Status = start, took, err, Pass
	if err != nil {
		now.Status = failing(r.checks[i])
	}
	if now.Status != before.Status {
		now.Since = start.Add(took)
	}
	results[i] = now
	r.report.Store(reportOf(results))
	return before, now
}

// failing returns the status of a check that fails.
func failing(c Check) Status {
	if c.Warns {
		return Warn
	}
	return Fail
}
