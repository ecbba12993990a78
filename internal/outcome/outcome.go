// Package outcome judges how a call ended, for all that reports on calls: which code it
// ended with, and whether the server is at fault.
package outcome

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Blame is what the outcome of a call says of the server that was called.
type Blame uint8

// The kinds of blame.
const (
	NoFault Blame = iota // the server answered, perhaps with an error
	Unknown              // the call says nothing of the server
	Fault                // the server is at fault
)

// Code returns the code of a call of op that ended with err, which may be nil. On a
// server, it is the one that goes out.
func Code(call *endpoint.Call, op *endpoint.Operation, err error) endpoint.Code {
	if err != nil && call.Side() == endpoint.ServerSide {
		return op.Outgoing(err).Code()
	}
	return endpoint.CodeOf(err)
}

// BlameOf returns what the outcome of a call says of the server. code is what [Code]
// returned for err. On a server, that is judged by what goes out: an error of another
// service that the operation does not declare goes out as Internal, and load that a
// policy sheds is Unavailable for the caller, whatever it is for the handler. A status
// between 400 and 499 is a fault of the caller. Elsewhere it is [endpoint.ServerFault].
// A call that ended with its caller's deadline must have had a fair time.
func BlameOf(call *endpoint.Call, code endpoint.Code, err error, fair time.Duration) Blame {
	served := call.Side() == endpoint.ServerSide
	switch {
	case err == nil:
		return NoFault
	case code == endpoint.Canceled:
		return Unknown
	case served && isCallersFault(call, err):
		return NoFault
	case mark.Excused(err, fair):
		return Unknown
	case served && isFault(code), !served && endpoint.ServerFault(mark.Counted(err)):
		return Fault
	case call.Side() == endpoint.ClientSide && endpoint.Refused(err):
		return Unknown
	}
	return NoFault
}

// isCallersFault reports whether a served call is answered with a status of HTTP that
// names a fault of the caller.
func isCallersFault(call *endpoint.Call, err error) bool {
	status := call.Status(err)
	return status >= 400 && status <= 499
}

// isFault reports whether a code that a server answers with is a fault of the server.
func isFault(code endpoint.Code) bool {
	switch code {
	case endpoint.Unknown, endpoint.DeadlineExceeded, endpoint.Internal, endpoint.Unavailable, endpoint.DataLoss:
		return true
	}
	return false
}
