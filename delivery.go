package endpoint

import "errors"

// delivery is what a client knows of the fate of a request whose call failed.
type delivery struct {
	error
	sent bool // it may have been sent, and the call is not idempotent
}

func (d *delivery) Unwrap() error { return d.error }

// MarkNotSent returns err with the mark that nothing of the request reached the
// server: it could not be dialled, or it refused the stream. For authors of
// transports. It returns nil for nil.
func MarkNotSent(err error) error { return mark(err, false) }

// MarkMaybeSent returns err with the mark that the request of a call that is
// not idempotent may have reached the server, so that nobody repeats it. For
// authors of transports. It returns nil for nil.
func MarkMaybeSent(err error) error { return mark(err, true) }

func mark(err error, sent bool) error {
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

// rejections are the reasons, in the toolkit's own domain, with which a policy
// refuses a call before it is made.
var rejections = map[string]bool{
	"RATE_LIMITED": true, "OUT_OF_CAPACITY": true, "BREAKER_OPEN": true, "NO_ENDPOINTS": true,
	"TOO_LATE": true,
}

// ServerFault says that err counts against the server that was called: the
// codes Unknown, DeadlineExceeded, Internal, Unavailable and DataLoss. A
// rejection by a policy of the toolkit counts if it came over the wire and not
// if it is one of this process. The caller's own cancellation is nobody's
// fault.
func ServerFault(err error) bool {
	if err == nil {
		return false
	}
	e := ErrorOf(err)
	if e.domain == "endpoint" && rejections[e.reason] {
		return e.remote
	}
	switch e.code {
	case Unknown, DeadlineExceeded, Internal, Unavailable, DataLoss:
		return true
	}
	return false
}
