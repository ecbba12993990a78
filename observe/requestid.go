package observe

import (
	"context"
	"crypto/rand"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ids"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// RequestIDs is a [Part] that gives every request an id: a call that is served
// keeps the one of its header X-Request-Id and gets a new one without, which
// goes back with the reply; a call that is made while another is served carries
// on its id. It costs the header it sets. The zero RequestIDs refuses every call;
// make it with [NewRequestIDs]. It is safe for concurrent use.
//
//	observe.New(observe.NewRequestIDs(), logger)
//
// An id of a caller that is longer than 128 bytes, or not of visible ASCII, is
// replaced.
type RequestIDs struct{ *Telemetry }

// NewRequestIDs returns the part.
func NewRequestIDs() *RequestIDs {
	r := &RequestIDs{}
	r.Telemetry = Alone(r)
	return r
}

// Err returns the faults of the construction, or nil.
func (r *RequestIDs) Err() error {
	if r == nil || r.Telemetry == nil {
		return construct.Unmade("observe: RequestIDs", "NewRequestIDs")
	}
	return r.Telemetry.Err()
}

// Wrap returns next given ids by r alone. Req and Resp are those of next.
func (r *RequestIDs) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{r}.Wrap(next)
}

// RequestID returns the id of the request that is served, or "". It is what the
// caller sent where no [RequestIDs] is around the call.
func RequestID(ctx context.Context) string {
	if id := endpoint.Incoming(ctx).Header().Get(ids.RequestHeader); ids.ValidRequest(id) {
		return id
	}
	return ""
}

// Observe is for [New].
func (r *RequestIDs) Observe(*endpoint.Operation) Observer { return idObserver{} }

type idObserver struct{}

func (idObserver) Begin(ctx context.Context, o *Observation) (context.Context, endpoint.Token) {
	header := o.Call.Header()
	id := header.Get(ids.RequestHeader)
	switch {
	case o.Call.Side() == endpoint.ServerSide:
		if !ids.ValidRequest(id) {
			id = rand.Text()
			header.Set(ids.RequestHeader, id)
		}
		o.Call.Reply().Set(ids.RequestHeader, id)
	case id != "":
	default:
		if id = RequestID(ctx); id != "" {
			header.Set(ids.RequestHeader, id)
		}
	}
	return nil, endpoint.Token{}
}

func (idObserver) End(context.Context, endpoint.Token, *Observation) {}
