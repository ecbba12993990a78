package thriftx

import (
	"errors"
	"net"
	"os"
	"strconv"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
)

// Errors that a server of this package answers with by itself.
var (
	// ErrInvalidRequest is the error of a request that cannot be read.
	ErrInvalidRequest = codec.ErrInvalid
	// ErrMethodNotFound is the error of a method that the server does not have. It is a
	// TApplicationException of type UNKNOWN_METHOD, and has the identity of
	// httpx.ErrNoRoute. No layer and no hook sees such a call.
	ErrMethodNotFound = endpoint.Define(endpoint.Unimplemented, "endpoint", "NO_ROUTE", "no such method")
	// ErrMessageTooLarge is the error of a request of more bytes than [MaxMessage] allows.
	ErrMessageTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the message is too large")
	// ErrMessageTimeout is the error of a request that does not come whole in time. See
	// [MessageTimeout].
	ErrMessageTimeout = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "BODY_TIMEOUT", "the message came too slowly")
	// ErrOutOfCapacity is the error of a request when the server reads as many bytes as
	// [ReadBudget] allows.
	ErrOutOfCapacity = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "temporarily out of capacity")
)

// unread returns the error of a request that could not be read. fault is that of the link.
func unread(fault, err error, limit int) error {
	var tpe thrift.TProtocolException
	switch {
	case errors.Is(fault, errTooLarge), errors.Is(err, errTooLarge), fault == nil && errors.As(err, &tpe) && tpe.TypeId() == thrift.SIZE_LIMIT:
		return ErrMessageTooLarge.WithMeta("limit", strconv.Itoa(limit))
	case errors.Is(fault, errNoRoom):
		return ErrOutOfCapacity
	case errors.Is(fault, os.ErrDeadlineExceeded):
		return ErrMessageTimeout
	case fault != nil && isConnection(fault):
		return endpoint.Errorf(endpoint.Canceled, "%w", bounds.Quiet(fault))
	case fault != nil:
		return ErrInvalidRequest.WithCause(fault)
	}
	return ErrInvalidRequest.WithCause(bounds.Quiet(err))
}

// isConnection reports whether err is of a connection and not of what came over it.
func isConnection(err error) bool {
	_, ok := errors.AsType[net.Error](err)
	return ok || !errors.Is(err, errMalformed) && !errors.Is(err, errCompressed) && !errors.Is(err, errTooLarge)
}
