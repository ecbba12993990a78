package endpoint

import (
	"errors"

	"github.com/typedkit/endpoint/internal/mark"
)

// delivery is what a client knows of the fate of a request whose call failed.
type delivery struct {
	error
	sent bool // it may have been sent, and the call is not idempotent
}

func (d *delivery) Unwrap() error { return d.error }

// MarkNotSent returns err with the mark that nothing of the request reached the
// server: it could not be dialled, or it refused the stream. For authors of
// transports. It returns nil for nil.
func MarkNotSent(err error) error { return withDelivery(err, false) }

// MarkMaybeSent returns err with the mark that the request of a call that is
// not idempotent may have reached the server, so that nobody repeats it. For
// authors of transports. It returns nil for nil.
func MarkMaybeSent(err error) error { return withDelivery(err, true) }

func withDelivery(err error, sent bool) error {
	if err == nil {
		return nil
	}
	return &delivery{error: err, sent: sent}
}

// NotSent says that the request of the call that ended with err never reached
// the server, so that repeating it is safe for any operation. It is not said of
// an error that was made of another call's: that its call was not sent says
// nothing of what the code around it did.
func NotSent(err error) bool {
	// See decision 16.
	d, ok := errors.AsType[*delivery](err)
	if !ok || d.sent {
		return false
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	within, ok := errors.AsType[*delivery](e.cause)
	return !ok || within != d
}

// MaybeSent says that the request may have been acted upon and must not be
// repeated: the client marked the error of a call that is not idempotent.
func MaybeSent(err error) bool {
	d, ok := errors.AsType[*delivery](err)
	return ok && d.sent
}

// Retryable says that repeating the call is safe and may help: its request was
// never sent, or its code is [Unavailable] and it is not one that may have been
// acted upon.
func Retryable(err error) bool {
	if MaybeSent(err) {
		return false
	}
	return NotSent(err) || CodeOf(err) == Unavailable
}

// Refused reports whether a policy of this process refused the call before it was
// made: a limit, a breaker, a pool without servers. A refusal that came over a wire
// is the other side's.
func Refused(err error) bool {
	// See decision 109.
	return err != nil && ErrorOf(err).refusal
}

// ServerFault reports whether err counts against the server that was called: the
// codes Unknown, DeadlineExceeded, Internal, Unavailable and DataLoss, and a limit
// of the server that rejected the call.
//
// These do not count:
//
//   - a refusal of this process ([Refused]) and the caller's own cancellation;
//   - for the layers of a server, an error that it answers with a status between 400
//     and 499;
//   - a deadline that had passed before anything was sent;
//   - a deadline that came with the request of the call that is being served, for the
//     layers of the server and those of the clients that its handler calls, unless the
//     call had a fair time.
//
// A fair time is one second; 0.9 s are enough, because a call spends some of its time
// on its way. The policies have an option for it. A call with a request stream, and a
// response stream after its first item, take as long as the caller wants, so the
// caller's deadline never counts for them. A deadline that this process sets always
// counts.
func ServerFault(err error) bool {
	// See decision 135.
	if err == nil || mark.Excused(err, mark.FairTime) {
		return false
	}
	e := ErrorOf(err)
	if e.refusal {
		return false
	}
	switch e.code {
	case Unknown, DeadlineExceeded, Internal, Unavailable, DataLoss:
		return true
	case ResourceExhausted:
		// Of the toolkit's limits, the one on the size of a message is the
		// caller's fault.
		return e.remote && e.domain == "endpoint" && e.reason != "BODY_TOO_LARGE"
	}
	return false
}
