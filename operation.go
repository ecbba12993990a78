package endpoint

import "github.com/typedkit/endpoint/internal/bounds"

// An Operation describes one endpoint of a service on one transport. There is
// one for each, made at construction, compared by its pointer and never
// changed afterwards.
type Operation struct {
	// Service is the name of the type that declares the field, or the name
	// given for it. It is equal on every transport.
	Service string
	// Name is the name of the field. It is equal on every transport.
	Name string
	// Side is the side on which the operation is served or called.
	Side Side
	// Transport is "http", "grpc", "jsonrpc" and so on; empty in process.
	Transport string
	// Method is the verb over HTTP, the full method name over gRPC.
	Method string
	// Pattern is the route's pattern over HTTP.
	Pattern string
	// Idempotent says that a repeat does no more than the first call did.
	Idempotent bool
	// Doc says what the operation does, in a few words for documents.
	Doc string
	// Deprecated says that callers should move to another operation.
	Deprecated bool
	// Streams says which sides are streams.
	Streams StreamKind
	// Unrouted reports whether the calls are requests that no route of the server
	// matches, as those that httpx.Problems answers. No objective of a service counts
	// them.
	Unrouted bool
	// Fails are the errors that the operation declares.
	Fails []*Error
	// Requires are the alternatives of what a caller must prove, in order; none for an
	// operation that anybody may call. See [Operation.Require].
	Requires []Needs
	// StatusOf returns the transport's status of an error that a server sends;
	// nil where it has none. For authors of transports.
	StatusOf func(e *Error) int
	// SizeOf returns the size of the answer for an error that a server sends, in bytes
	// on the wire. started reports whether a part of the response was sent before. It is
	// nil where that is not known. For authors of transports.
	SizeOf func(e *Error, started bool) int64
}

// A StreamKind says which sides of an operation are streams.
type StreamKind uint8

// The kinds of an operation.
const (
	Unary        StreamKind = 0
	ClientStream StreamKind = 1
	ServerStream StreamKind = 2
	Bidi         StreamKind = ClientStream | ServerStream
)

// String returns "unary", "client stream", "server stream" or "bidi".
func (k StreamKind) String() string {
	switch k {
	case ClientStream:
		return "client stream"
	case ServerStream:
		return "server stream"
	case Bidi:
		return "bidi"
	}
	return "unary"
}

// Declares says that the operation declares an error with e's identity.
func (o *Operation) Declares(e *Error) bool {
	for _, d := range o.Fails {
		if e.Is(d) {
			return true
		}
	}
	return false
}

// sizeOf returns the size of the answer for err. If a method of err panics, the answer is
// that of the panic.
func (o *Operation) sizeOf(err error, started bool) (size int64) {
	// See decision 102.
	defer func() {
		if v := recover(); v != nil {
			size = o.SizeOf(o.Outgoing(NewPanicError(v)), started)
		}
	}()
	return o.SizeOf(o.Outgoing(err), started)
}

// Outgoing returns what a server sends for err, nil for nil. For authors of
// transports.
//
// An error of this process goes out with its identity, its message and its
// details, declared or not. A remote one does so only if the operation declares
// it: else Canceled, DeadlineExceeded, Unavailable and ResourceExhausted keep
// their code, with a generic message, and all others are Internal. What has no
// code is Internal. A cause is never sent.
//
// At most 50 violations are sent. Of a remote error, each text is cut after 1 KiB, and
// the time to wait is at most a day.
func (o *Operation) Outgoing(err error) *Error {
	if err == nil {
		return nil
	}
	e := ErrorOf(err)
	if !e.remote || o.Declares(e) {
		return e.bounded()
	}
	out := &Error{code: Internal, cause: err}
	switch e.code {
	case Canceled, DeadlineExceeded, Unavailable, ResourceExhausted:
		out.code, out.retryAfter = e.code, min(e.retryAfter, bounds.RetryAfter)
	}
	return out
}
