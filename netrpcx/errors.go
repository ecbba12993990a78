package netrpcx

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/unrouted"
)

// Errors that a server of this package answers with by itself.
var (
	// ErrInvalidRequest is the error of a request that cannot be read.
	ErrInvalidRequest = codec.ErrInvalid
	// ErrMethodNotFound is the error of a method that the server does not have. It has the
	// identity of httpx.ErrNoRoute.
	ErrMethodNotFound = endpoint.Define(endpoint.Unimplemented, "endpoint", "NO_ROUTE", "no such method")
	// ErrMessageTooLarge is the error of a request of more bytes than [MaxMessage] allows. Over
	// HTTP it is that of a body.
	ErrMessageTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the message is too large")
	// ErrMessageTimeout is the error of a request that came too slowly. Over HTTP it is that
	// of a body. It is for layers and hooks, because the connection is closed.
	ErrMessageTimeout = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "BODY_TIMEOUT", "the message came too slowly")
)

// errNoRoom is the error of a request whose bytes find no room in the ReadBudget.
var errNoRoom = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "out of capacity")

func tooLarge(limit int64) error {
	return ErrMessageTooLarge.WithMeta("limit", strconv.FormatInt(limit, 10))
}

// errorOf returns the error of a text that came over the wire. The text of another server is
// also the cause.
func errorOf(text string) *endpoint.Error {
	e, ok := problem.FromText(text)
	if !ok {
		return e.WithCause(bounds.Quiet(errors.New(e.Message())))
	}
	return e
}

// withMethod returns a context with the first 256 bytes of the name of a method that there is
// not, for logs.
func withMethod(ctx context.Context, name string) context.Context {
	const most = 256
	return unrouted.WithPath(ctx, strings.ToValidUTF8(bounds.Cut(name, most), "\ufffd"))
}
