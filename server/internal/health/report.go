package health

import "time"

// A Status is the outcome of a check, or of all checks.
type Status int

// The statuses, from the best to the worst.
const (
	Pass Status = iota
	Warn
	Fail
)

// String returns the status as health+json spells it.
func (s Status) String() string {
	switch s {
	case Pass:
		return "pass"
	case Warn:
		return "warn"
	default:
		return "fail"
	}
}

// A Result is the state of one check.
type Result struct {
	Name   string
	Status Status
	// Warns reports whether a failure of the check is only a warning.
	Warns bool
	// Err is the error of the last run, nil if the status is Pass. Its text is one
	// line and bounded.
	Err error
	// At is the start of the last run, the zero time before the first has a result,
	// and Took is how long it took, at most the time-out.
	At   time.Time
	Took time.Duration
	// Since is when the check came to have this status.
	Since time.Time
}

// HasRun reports whether a run of the check had a result.
func (r Result) HasRun() bool { return !r.At.IsZero() }

// A Report is a snapshot of all checks. It never changes and is shared by its readers.
type Report struct {
	Status  Status   // the worst of all; Pass without checks
	Results []Result // in the order of the checks
}

// Ready reports whether no critical check fails, apart from those that are excluded.
// A nil excluded excludes none.
func (r *Report) Ready(excluded func(name string) bool) bool {
	for _, result := range r.Results {
		if result.Status == Fail && (excluded == nil || !excluded(result.Name)) {
			return false
		}
	}
	return true
}

// reportOf returns the report of results, which it keeps.
func reportOf(results []Result) *Report {
	r := &Report{Results: results}
	for _, result := range results {
		r.Status = max(r.Status, result.Status)
	}
	return r
}
