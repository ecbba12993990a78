package shipping

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: errors

// Errors gives errors the bodies that go-kit's example has, on both ends.
func Errors() httpx.ErrorOption { return httpx.MapErrors(toBody, fromBody) }

// errorBody is the body of an error: go-kit's member, and one for the faults of a request.
type errorBody struct {
	Error  string      `json:"error"`
	Faults []faultBody `json:"faults,omitempty"`
}

type faultBody struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

func toBody(err *endpoint.Error) (status int, body errorBody) {
	body.Error = err.Message()
	for _, v := range err.Violations() {
		body.Faults = append(body.Faults, faultBody(v))
	}
	return 0, body
}

// fromBody finds the error by its message, as clients of go-kit's example do.
func fromBody(_ int, body errorBody) *endpoint.Error {
	err := endpoint.Errorf(endpoint.Unknown, "%s", body.Error)
	for _, known := range []*endpoint.Error{
		cargo.ErrUnknown, cargo.ErrTooManyEvents, fault.ErrInvalidArgument, location.ErrUnknown,
		routing.ErrUnavailable, store.ErrFull, voyage.ErrUnknown,
	} {
		if known.Message() == body.Error {
			err = known
		}
	}
	for _, f := range body.Faults {
		err = err.WithViolations(endpoint.Violation(f))
	}
	return err
}

// end snippet
