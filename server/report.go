package server

import (
	"context"
	"time"

	"github.com/typedkit/endpoint/server/internal/health"
)

// A HealthStatus is the outcome of a check, or of all checks, in the words of
// application/health+json.
type HealthStatus string

// The statuses, from the best to the worst.
const (
	HealthPass HealthStatus = "pass"
	HealthWarn HealthStatus = "warn"
	HealthFail HealthStatus = "fail"
)

// A HealthReport is a snapshot of the health of a server.
type HealthReport struct {
	Server string // its name
	State  State
	// Ready reports whether the state is StateRunning and no critical check fails.
	Ready bool
	// Status is the worst status of a check, HealthPass if there are none.
	Status HealthStatus
	Checks []CheckResult
}

// A CheckResult is the last result of one check.
type CheckResult struct {
	Name   string
	Status HealthStatus
	// Critical reports whether the server is not ready while the check fails.
	Critical bool
	// Err is the error of the last call, or nil. Its text is one line of about 1 KiB at
	// most. It may tell more than strangers should know.
	Err error
	// Start is when the last call began, the zero time if no call has had a result, and
	// Took is how long it took, at most its time-out.
	Start time.Time
	Took  time.Duration
	// Since is when the check came to have this status.
	Since time.Time
}

// Health returns the last results of all checks. It runs none.
func (s *Server) Health() HealthReport {
	report := s.healthReport()
	state := s.State()
	all := HealthReport{
		Server: s.name, State: state, Ready: state == StateRunning && report.Ready(nil),
		Status: HealthStatus(report.Status.String()), Checks: make([]CheckResult, len(report.Results)),
	}
	for i, r := range report.Results {
		all.Checks[i] = CheckResult{
			Name: r.Name, Status: HealthStatus(r.Status.String()), Critical: !r.Warns,
			Err: r.Err, Start: r.At, Took: r.Took, Since: r.Since,
		}
	}
	return all
}

// Report calls publish with the health of the server after each change of a check or of the
// state, and every 10 s: to a registry with a time to live, to a monitoring system and so
// on. There is one call at a time, so several changes may cause a single call. The context
// of a call ends after 5 s, or with the work of [Go]. A call that hangs delays nothing but
// the calls after it. That, and a panic, are events "failed". A nil publish is a fault.
func Report(publish func(ctx context.Context, report HealthReport)) Item {
	return item(func(s *Server) {
		s.check(publish != nil, "Report: the func is nil")
		s.reporters = append(s.reporters, &reporter{server: s, publish: publish})
	})
}

// A reporter publishes the health of a server.
type reporter struct {
	server  *Server
	publish func(ctx context.Context, report HealthReport)
	failed  string // the error of the last call, as an event told it
}

func (r *reporter) publisher() *health.Publisher {
	return health.NewPublisher(func(ctx context.Context) { r.publish(ctx, r.server.Health()) }, r.settle)
}

// settle emits an event for an error, unless it is that of the call before.
func (r *reporter) settle(err error) {
	if err == nil {
		r.failed = ""
		return
	}
	if text := err.Error(); text != r.failed {
		r.failed = text
		r.server.emit("failed", "report", err)
	}
}
