package observe

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// blame is what the outcome of a call says of the server that was called.
type blame uint8

const (
	noFault blame = iota // it answered, perhaps an error
	unknown              // the call says nothing
	fault
)

// blameFor returns what the outcome of a call says of the server. On a server, that is
// judged by what goes out: an error of another service that the operation does not
// declare goes out as Internal, and load that a policy sheds is Unavailable for the
// caller, whatever it is for the handler. A status between 400 and 499 is a fault of
// the caller. Elsewhere it is [endpoint.ServerFault]. A call that ended with its
// caller's deadline must have had a fair time.
func blameFor(o *Observation, fair time.Duration) blame {
	served := o.Call.Side() == endpoint.ServerSide
	switch {
	case o.Err == nil:
		return noFault
	case o.Code == endpoint.Canceled:
		return unknown
	case served && isCallersFault(o):
		return noFault
	case mark.Excused(o.Err, fair):
		return unknown
	case served && isFault(o.Code), !served && endpoint.ServerFault(mark.Counted(o.Err)):
		return fault
	case o.Call.Side() == endpoint.ClientSide && endpoint.Refused(o.Err):
		return unknown
	}
	return noFault
}

// isCallersFault reports whether a served call is answered with a status of HTTP that
// names a fault of the caller.
func isCallersFault(o *Observation) bool {
	status := o.Call.Status(o.Err)
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

// reported returns the code of a call: on a server, the one that goes out.
func reported(call *endpoint.Call, op *endpoint.Operation, err error) endpoint.Code {
	if err != nil && call.Side() == endpoint.ServerSide {
		return op.Outgoing(err).Code()
	}
	return endpoint.CodeOf(err)
}

// operationName returns "Service.Name", or what there is of it.
func operationName(op *endpoint.Operation) string {
	if op.Service == "" {
		return op.Name
	}
	return op.Service + "." + op.Name
}
