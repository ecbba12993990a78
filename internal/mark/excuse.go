package mark

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"
)

// A Key is a key of the values in a context that the toolkit's own packages share.
// The root package has the keys below CallerKey.
type Key uint8

const (
	// CallerKey is the key of the context that the transport started the call with
	// that is being served.
	CallerKey Key = 254
	// WireKey is the key of the *Wire of that call.
	WireKey Key = 255
)

// A Wire is what a served call knows of the deadline that came with its request.
// It is written before the call is passed on, and then while the request is read.
type Wire struct {
	Deadline time.Time     // zero if none came
	Given    time.Duration // the time that the server had until Deadline; 0 if the caller alone used it
	Paced    bool          // the request is a stream, which takes as long as the caller wants
	Judged   bool          // a layer or a hook judges the end of the call, so waits are timed

	// Route is the pattern of the operation with the prefix below which it is mounted,
	// nil without one. Few operations have more than one.
	Route *string

	// Hooks are the error hooks of the server, or nil.
	Hooks *[]func(ctx context.Context, err error)

	// Origin has what the transport knows of the request beside its headers; see
	// internal/credential. It is nil if that is nothing.
	Origin any

	// The last wait for the request, or for an item of it, as nanoseconds after epoch.
	// Of a request stream, a goroutine of the handler's may wait while the call ends.
	waiting      atomic.Bool
	since, until atomic.Int64
}

// Report calls the error hooks of the server with err, which is not the error of the call.
// It ignores panics of a hook, and is safe for concurrent use.
func (w *Wire) Report(ctx context.Context, err error) {
	if w == nil || w.Hooks == nil {
		return
	}
	for _, hook := range *w.Hooks {
		func() {
			defer func() { _ = recover() }()
			hook(ctx, err)
		}()
	}
}

var epoch = time.Now()

// Wait notes that the server begins to wait for the request, or for an item of it.
func (w *Wire) Wait() {
	if w != nil && w.Judged {
		w.since.Store(int64(time.Since(epoch)))
		w.waiting.Store(true)
	}
}

// Waited notes that the wait has ended.
func (w *Wire) Waited() {
	if w != nil && w.Judged {
		w.until.Store(int64(time.Since(epoch)))
		w.waiting.Store(false)
	}
}

// IsWaiting reports whether the server waits for the request, or for an item of it.
func (w *Wire) IsWaiting() bool { return w != nil && w.waiting.Load() }

// WaitedAt reports whether the server waited at t, if t is not before its last wait.
func (w *Wire) WaitedAt(t time.Time) bool {
	if w == nil {
		return false
	}
	at := int64(t.Sub(epoch))
	return w.since.Load() < at && (w.waiting.Load() || at <= w.until.Load())
}

// EndedWaiting reports whether the deadline of ctx passed while the server waited.
func (w *Wire) EndedWaiting(ctx context.Context) bool {
	if w == nil {
		return false
	}
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline) && w.WaitedAt(deadline)
}

// WireOf returns the Wire of the call that is being served, or nil. The clients
// that its handler calls see it as well.
func WireOf(ctx context.Context) *Wire {
	w, _ := ctx.Value(WireKey).(*Wire)
	return w
}

// Set sets the deadline, which is zero if none came.
func (w *Wire) Set(deadline time.Time) {
	if w == nil {
		return
	}
	w.Deadline = deadline
	w.Restart()
}

// Restart starts the server's time. A transport calls it once it has read the whole
// request.
func (w *Wire) Restart() {
	switch {
	case w == nil || w.Deadline.IsZero():
	case w.Paced:
		w.Given = 0
	default:
		w.Given = max(time.Until(w.Deadline), 0)
	}
}

// Unread notes that the request could not be read, so that the server had no time.
func (w *Wire) Unread() {
	if w != nil && w.Given != 0 { // of a request stream, others may read it
		w.Given = 0
	}
}

// early is by how much the end of a call may come before the deadline: the time left
// goes over the wire in whole milliseconds, so a callee may give up before its caller
// does, by less than one.
const early = time.Millisecond

// bounds reports whether the deadline of ctx is the one that came with the request.
// A deadline that this process sets is earlier.
func (w *Wire) bounds(ctx context.Context) bool {
	if w == nil || w.Deadline.IsZero() {
		return false
	}
	deadline, ok := ctx.Deadline()
	return ok && deadline.Equal(w.Deadline)
}

// Ends reports whether a call under ctx ends with the deadline that came with the
// request.
func (w *Wire) Ends(ctx context.Context) bool {
	return w.bounds(ctx) && time.Until(w.Deadline) <= early
}

// Abandoned reports whether ctx has ended because the caller of the call that is being
// served canceled it. The end of a deadline, or by a layer, is not the caller's.
func Abandoned(ctx context.Context) bool {
	if ctx.Err() == nil {
		return false
	}
	caller, ok := ctx.Value(CallerKey).(context.Context)
	return ok && errors.Is(caller.Err(), context.Canceled) && errors.Is(context.Cause(ctx), context.Cause(caller)) &&
		!WireOf(ctx).Ends(ctx)
}

// FairTime is how much time a call must have had, by default, for its failure at its
// caller's deadline to count against the server.
const FairTime = time.Second

// An Excuse marks the error of a call whose deadline came over a wire and has passed.
// The error counts against a server only if the call had a fair time. The outermost
// mark of an error is the one that counts. See decision 135.
type Excuse struct {
	error

	Given time.Duration // time that the call had
	whole time.Duration // time that the served call had, with which it was made
}

// Unwrap returns the error.
func (e *Excuse) Unwrap() error { return e.error }

// Excused reports whether err counts against no server, because the call had less
// than a fair time before its caller's deadline.
func Excused(err error, fair time.Duration) bool { return !IsFair(Given(err), fair) }

// IsFair reports whether a call that was given so much time had a fair time. A tenth
// less is enough, because a call with a deadline of just the fair time has spent some
// of it on its way. See decision 136.
func IsFair(given, fair time.Duration) bool { return given >= fair-fair/10 }

// Given returns how much time the call that ended with err had before its caller's
// deadline. It is the longest possible for an error without a mark.
func Given(err error) time.Duration {
	if e, ok := errors.AsType[*Excuse](err); ok {
		return e.Given
	}
	return math.MaxInt64
}

// Never returns err with the mark that it counts against no server.
func Never(err error) error { return &Excuse{error: err} }

// Counted returns err, which counts against the server even if an error in its tree
// is marked.
func Counted(err error) error {
	if _, ok := errors.AsType[*Excuse](err); !ok {
		return err
	}
	return &Excuse{err, math.MaxInt64, math.MaxInt64}
}

// Ended returns err with a mark if it ended with the deadline that came with the
// request. given is the time that the call had. An error that is marked stays as it
// is: what was called knows more.
func (w *Wire) Ended(ctx context.Context, err error, given time.Duration) error {
	if !w.Ends(ctx) {
		return err
	}
	if _, ok := errors.AsType[*Excuse](err); ok {
		return err
	}
	return &Excuse{err, given, w.Given}
}

// Early is Ended for an answer with the code DeadlineExceeded from over the wire, which
// may come before the deadline: a callee that expects to be too late refuses at once.
func (w *Wire) Early(ctx context.Context, err error, given time.Duration) error {
	if _, ok := errors.AsType[*Excuse](err); ok || !w.bounds(ctx) {
		return err
	}
	return &Excuse{err, given, w.Given}
}

// EarlyAnew is Anew for an answer that Early may have marked.
func (w *Wire) EarlyAnew(ctx context.Context, err error, given time.Duration) error {
	if _, ok := errors.AsType[*Excuse](err); ok && w.bounds(ctx) {
		return &Excuse{err, given, w.Given}
	}
	return w.Anew(ctx, err, given)
}

// Anew is Ended for an error whose marks do not count, because they are those of
// other calls.
func (w *Wire) Anew(ctx context.Context, err error, given time.Duration) error {
	if !w.Ends(ctx) {
		return Counted(err)
	}
	return &Excuse{err, given, w.Given}
}

// Longest is Ended for an error of the last of several attempts, whose mark does not
// count if it says less than given: the time that the first of them had.
func (w *Wire) Longest(ctx context.Context, err error, given time.Duration) error {
	e, ok := errors.AsType[*Excuse](err)
	switch {
	case ok && e.Given >= given:
		return err
	case w.Ends(ctx), ok && e.Given > 0 && w.bounds(ctx): // the latter of Early
		return &Excuse{err, given, max(given, w.Given)}
	}
	return err
}

// Late returns err, with which a call was refused for its deadline, with a mark if
// that deadline came with the request.
func (w *Wire) Late(ctx context.Context, err error) error {
	if w.bounds(ctx) {
		return &Excuse{err, w.Given, w.Given}
	}
	return err
}

// Joined returns err, the error of the last of several attempts, where one before it
// failed by itself: the call then had all of the time that the served call had, not
// only that of its last attempt.
func Joined(err error) error {
	e, ok := errors.AsType[*Excuse](err)
	if !ok || e.whole <= e.Given {
		return err
	}
	return &Excuse{err, e.whole, e.whole}
}

// TimeLeft returns the time until the deadline of ctx, which is the longest possible
// without one, and reports whether there is any. A nil ctx has none.
func TimeLeft(ctx context.Context) (left time.Duration, ok bool) {
	if ctx == nil {
		return 0, false
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return math.MaxInt64, true
	}
	left = time.Until(deadline)
	return left, left > 0
}
