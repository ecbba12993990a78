package observe

import "github.com/typedkit/endpoint"

// serverFault says that the server is to blame for what its caller gets. On a
// server that is judged by what goes out: an error of another service that the
// operation does not declare goes out as Internal, and load that a policy sheds
// is Unavailable for the caller, whatever it is for the handler. Elsewhere it is
// [endpoint.ServerFault].
func serverFault(o *Observation) bool {
	if o.Err == nil || o.Code == endpoint.Canceled {
		return false
	}
	if o.Call.Side() != endpoint.ServerSide {
		return endpoint.ServerFault(o.Err)
	}
	switch o.Operation.Outgoing(o.Err).Code() {
	case endpoint.Unknown, endpoint.DeadlineExceeded, endpoint.Internal, endpoint.Unavailable, endpoint.DataLoss:
		return true
	}
	return false
}

// operationName returns "Service.Name", or what there is of it.
func operationName(op *endpoint.Operation) string {
	if op.Service == "" {
		return op.Name
	}
	return op.Service + "." + op.Name
}

// refused says that a policy of this process refused the call.
func refused(o *Observation) bool {
	if o.Code != endpoint.ResourceExhausted && o.Code != endpoint.Unavailable {
		return false
	}
	e := endpoint.ErrorOf(o.Err)
	return e.Domain() == "endpoint" && !e.Remote()
}
