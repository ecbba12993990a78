package endpoint

import "time"

// An Event is something that happened beside the outcomes of calls: a breaker
// opened, a retry waits, an instance was ejected. Policies, pools and servers
// give their events to a func(context.Context, Event), which an option sets and
// whose context is the one of the call that caused the event, if one did. The
// func runs while that call waits and from many goroutines at once: it should
// return fast.
type Event struct {
	// Source says what it happened to: "breaker", "pool". Each source lists
	// its kinds in the documentation of its type.
	Source string
	// Name tells sources of one kind apart: what the user named it, or "".
	Name string
	// Kind says what happened: "opened", "rejected".
	Kind string
	// Operation is the operation concerned; nil when it is not a single one.
	Operation *Operation
	// Detail says more where Kind leaves something open: the address of an
	// instance, a state. It never holds anything of a request.
	Detail string
	// Delay is the time that the event speaks of: a backoff, a retry-after.
	Delay time.Duration
	// Err is the error that led to the event, or nil.
	Err error
}

// A Gauge is one figure of the state that something is in. What has such a
// state has a method of the form
//
//	Gauges(yield func(Gauge) bool)
//
// which is an iter.Seq and safe for concurrent use. Telemetry reads it whenever
// it is asked for figures.
type Gauge struct {
	// Source and Name are as in an [Event].
	Source, Name string
	// Metric says what is measured, in snake_case and with its unit where it
	// has one: "state", "permits_in_use", "delay_seconds".
	Metric string
	// Operation is the operation that the figure belongs to; nil when it is
	// one for all.
	Operation *Operation
	// Detail tells figures of one metric apart: the address of an instance.
	Detail string
	Value  float64
}
