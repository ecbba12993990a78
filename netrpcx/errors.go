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

// textOf returns an error as it goes over the wire: "CODE domain/reason: message", or
// "CODE: message" without an identity. It has at most 64 KiB, which is what a client reads.
func textOf(e *endpoint.Error) string {
	text := e.Code().String()
	if isName(e.Domain()) && isName(e.Reason()) {
		text += " " + e.Domain() + "/" + e.Reason()
	}
	return bounds.Cut(text+": "+strings.ToValidUTF8(e.Message(), "\ufffd"), bounds.ErrorBytes)
}

// isName reports whether a domain or a reason can be told from what is around it. A domain may
// have slashes, and a reason has none.
func isName(s string) bool { return s != "" && !strings.ContainsAny(s, " :") }

// errorOf returns the error of a text that came over the wire. What is not of the form of
// textOf has the code Unknown.
func errorOf(text string) *endpoint.Error {
	text = bounds.Cut(text, bounds.ErrorBytes)
	head, message, ok := strings.Cut(text, ": ")
	if !ok {
		return unknown(text)
	}
	name, identity, named := strings.Cut(head, " ")
	code, err := endpoint.ParseCode(name)
	if err != nil || code == endpoint.OK {
		return unknown(text)
	}
	if !named {
		return endpoint.FromWire(code, "", "", message)
	}
	slash := max(strings.LastIndexByte(identity, '/'), 0)
	domain, reason := identity[:slash], strings.TrimPrefix(identity[slash:], "/")
	if !isName(domain) || !isName(reason) {
		return unknown(text)
	}
	return endpoint.FromWire(code, domain, reason, message)
}

func unknown(text string) *endpoint.Error {
	return endpoint.FromWire(endpoint.Unknown, "", "", text).WithCause(bounds.Quiet(errors.New(text)))
}

// withMethod returns a context with the first 256 bytes of the name of a method that there is
// not, for logs.
func withMethod(ctx context.Context, name string) context.Context {
	const most = 256
	return unrouted.WithPath(ctx, strings.ToValidUTF8(bounds.Cut(name, most), "\ufffd"))
}
