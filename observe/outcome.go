package observe

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/outcome"
)

// blameFor returns what the outcome of a call says of the server that was called.
func blameFor(o *Observation, fair time.Duration) outcome.Blame {
	return outcome.BlameOf(o.Call, o.Code, o.Err, fair)
}

// operationName returns "Service.Name", or what there is of it.
func operationName(op *endpoint.Operation) string {
	if op.Service == "" {
		return op.Name
	}
	return op.Service + "." + op.Name
}
