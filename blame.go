package endpoint

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint/internal/mark"
)

// blame returns err, with which the call inside the layers of s ended, with a mark if
// it does not count against the server. ctx is that of the call inside.
//
// A segment does so before its layers exit, so that no layer has to know whose
// deadline a call had. See decision 135.
func (s *segment) blame(ctx context.Context, err error) error {
	return s.blameStream(ctx, err, s.paced)
}

// blameStream is blame for a stream. If paced, the caller decides how long the call
// takes: it sends a request stream, or has got the first item of a response stream.
func (s *segment) blameStream(ctx context.Context, err error, paced bool) error {
	if s.served != nil {
		CallFrom(ctx).fail(err)
	}
	w, given := mark.WireOf(ctx), time.Duration(0)
	if w != nil && !paced && !s.paced {
		given = w.Given
	}
	if w.Ends(ctx) {
		err = timedOut(err)
	}
	e, _ := errors.AsType[*Error](err)
	switch {
	case e != nil && e.refusal:
		if s.served != nil && e.code == DeadlineExceeded {
			return w.Late(ctx, err)
		}
		return err
	case e != nil && s.served != nil && s.served.answersCaller(e):
		return mark.Never(err)
	case s.served != nil && !w.Ends(ctx) && w.EndedWaiting(ctx):
		return mark.Never(err)
	case e != nil && s.served != nil && isExcusedCause(ctx, err):
		return mark.Never(err)
	case e == nil && mark.Abandoned(ctx) && !isPanic(err):
		return mark.Never(err)
	case s.served != nil && s.inmost && isRemoteDeadline(e):
		return w.EarlyAnew(ctx, err, given)
	case s.served != nil && s.inmost:
		return w.Anew(ctx, err, given)
	}
	return w.Ended(ctx, err, given)
}

// blameRace is blame for attempts that were made side by side since began, which is zero
// if that is not known.
func (s *segment) blameRace(ctx context.Context, err error, began time.Time) error {
	deadline, ok := ctx.Deadline()
	if !ok || began.IsZero() {
		return s.blame(ctx, err)
	}
	w := mark.WireOf(ctx)
	if w.Ends(ctx) {
		err = timedOut(err)
	}
	// The error is that of the last attempt, or of ctx. The first one had the most time.
	return w.Longest(ctx, err, deadline.Sub(began))
}

// timedOut returns err, with which a call ended at its caller's deadline, with the code
// DeadlineExceeded if it has the code Canceled. The caller cancels the call at the same
// time, and it is a matter of chance which of the two is noticed first.
func timedOut(err error) error {
	if CodeOf(err) != Canceled || errors.Is(err, ErrStopped) {
		return err
	}
	return ErrorOf(context.DeadlineExceeded).WithCause(err)
}

// isExcusedCause reports whether err is the cause of the end of ctx, and that cause counts
// against no server: a server that stops ends streams with such a one.
func isExcusedCause(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	cause := context.Cause(ctx)
	e, ok := errors.AsType[*Error](cause)
	return ok && mark.Given(cause) == 0 && errors.Is(err, e)
}

// isRemoteDeadline reports whether e, which may be nil, came over a wire with the code
// DeadlineExceeded.
func isRemoteDeadline(e *Error) bool { return e != nil && e.remote && e.code == DeadlineExceeded }

// isPanic reports whether err is that of a panic, which is a defect at any time.
func isPanic(err error) bool {
	_, ok := errors.AsType[*PanicError](err)
	return ok
}

// answersCaller reports whether the status of e, which a server answers with, is one
// of the caller's faults, although its code is one of the server's. See decision 137.
func (o *Operation) answersCaller(e *Error) bool {
	switch e.code {
	case Unknown, DeadlineExceeded, Internal, Unavailable, DataLoss, ResourceExhausted:
	default:
		return false
	}
	out := o.Outgoing(e)
	status := 0
	if o.StatusOf != nil {
		status = o.StatusOf(out)
	}
	if status < 100 || status > 599 { // not one of HTTP
		status = out.code.HTTPStatus()
	}
	return status >= 400 && status <= 499
}
