package jsonrpcx

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
)

// Errors that a server of this package answers with by itself.
var (
	// ErrParse is the error of a request that is not JSON. Code -32700.
	ErrParse = endpoint.Define(endpoint.InvalidArgument, "endpoint", "PARSE_ERROR", "Parse error")
	// ErrInvalidRequest is the error of a request that is not a request object of version
	// 2.0, or an empty batch. Code -32600.
	ErrInvalidRequest = endpoint.Define(endpoint.InvalidArgument, "endpoint", "INVALID_REQUEST_OBJECT", "Invalid Request")
	// ErrMethodNotFound is the error of a method that the server does not have. It has the
	// identity of httpx.ErrNoRoute. Code -32601.
	ErrMethodNotFound = endpoint.Define(endpoint.Unimplemented, "endpoint", "NO_ROUTE", "Method not found")
	// ErrInvalidParams is the error of params that cannot be read. Code -32602.
	ErrInvalidParams = codec.ErrInvalid
	// ErrBodyTooLarge is the error of a request of more bytes than [MaxBody] allows.
	ErrBodyTooLarge = httpx.ErrBodyTooLarge
	// ErrBatchTooLarge is the error of a batch of more calls than [MaxBatch] allows.
	ErrBatchTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BATCH_TOO_LARGE", "the batch has too many calls")
	// ErrBatchReplyTooLarge is the error of the calls of a batch whose results do not fit in
	// [MaxBatchReply].
	ErrBatchReplyTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BATCH_REPLY_TOO_LARGE", "the results of the batch are too large")
)

// The codes of the specification. See the table in its section 5.1.
const (
	numberParse    = -32700
	numberRequest  = -32600
	numberMethod   = -32601
	numberParams   = -32602
	numberInternal = -32603
	numberServer   = -32000 // from here down to -32099 they are the server's own
)

// isReserved reports whether the specification reserves a code: "The error codes from and
// including -32768 to -32000 are reserved for pre-defined errors."
func isReserved(number int64) bool { return number >= -32768 && number <= -32000 }

// numberOf returns the code with which an error goes out.
func (mt *method) numberOf(e *endpoint.Error) int {
	identity := service.Identity(e)
	if number, ok := mt.opts.numbers[identity]; ok && e.Domain() != "" {
		return number
	}
	if number := protocolNumber(e); number != 0 {
		return number
	}
	switch {
	case identity != service.Identity(ErrInvalidParams), e.Remote():
	case mt.op.Unrouted: // a request of HTTP that cannot be read
		return numberRequest
	default:
		return numberParams
	}
	return numberServer - int(e.Code())
}

// protocolNumber returns the code of an error of the protocol, which says all of it, or 0.
func protocolNumber(e *endpoint.Error) int {
	if e.Remote() || e.Domain() != "endpoint" {
		return 0
	}
	switch e.Reason() {
	case ErrParse.Reason():
		return numberParse
	case ErrInvalidRequest.Reason():
		return numberRequest
	case ErrMethodNotFound.Reason():
		return numberMethod
	}
	return 0
}

// appendFailure appends a response object with an error.
func (mt *method) appendFailure(dst []byte, e *endpoint.Error, id jsontext.Value) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(mt.numberOf(e)), 10)
	dst = append(dst, `,"message":`...)
	dst, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(e.Message(), "\ufffd"))
	if protocolNumber(e) == 0 {
		data, err := json.Marshal(problem.Of(e), json.Deterministic(true))
		if err == nil { // of clean strings: it cannot fail
			dst = append(append(dst, `,"data":`...), data...)
		}
	}
	return appendID(append(dst, '}'), id)
}

// An Error is an error object as it came. The client keeps it as the cause of the
// *endpoint.Error that it makes of it, for what that has no place for; errors.As finds it.
// Message and Data have at most 64 KiB each.
type Error struct {
	Code    string         // the number as it was written
	Message string         // the caller may read it
	Data    jsontext.Value // nil if there are none
}

// Error returns the message, or the code of an error without one. The text is cut after
// 1 KiB, and characters that are not graphic are replaced.
func (e *Error) Error() string {
	if e.Message != "" {
		return bounds.Line(e.Message)
	}
	return "JSON-RPC error " + bounds.Line(e.Code)
}

var errNotError = errors.New("the error is not an object with a code")

// parseError reads an error object.
func parseError(raw jsontext.Value) (*Error, error) {
	e := &Error{}
	if raw.Kind() != jsontext.KindBeginObject {
		return nil, errNotError
	}
	err := eachMember(raw, func(name string, value jsontext.Value) error {
		switch name {
		case "code":
			e.Code = bounds.Cut(string(value), bounds.Meta)
		case "message":
			e.Message = bounds.Cut(unquoted(value), bounds.ErrorBytes)
		case "data":
			e.Data = value
		}
		return nil
	})
	if err == nil && jsontext.Value(e.Code).Kind() != jsontext.KindNumber {
		err = errNotError
	}
	return e, err
}

// number returns the code, or 0 if it is not an integer.
func (e *Error) number() int64 {
	n, err := strconv.ParseInt(e.Code, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// remote returns the error that e was made of: that of its data, or one with the code that
// its number stands for. It keeps a copy of e, which is a part of the answer.
func (e *Error) remote() *endpoint.Error {
	kept := &Error{e.Code, e.Message, nil}
	if len(e.Data) <= bounds.ErrorBytes {
		kept.Data = e.Data.Clone()
	}
	if d, ok := problem.Read(e.Data, false); ok && d.Code != "" {
		d.Detail = e.Message
		return d.ToError(kept)
	}
	number := e.number()
	code, known := codeOf(number)
	out := endpoint.FromWire(code, "", "", e.Message)
	if number == numberMethod {
		out = endpoint.FromWire(code, "endpoint", ErrMethodNotFound.Reason(), e.Message)
	}
	out = out.WithCause(kept)
	if !known {
		return out.WithMeta("code", e.Code)
	}
	return out
}

// codeOf returns the code that a number stands for, and reports whether it stands for one.
func codeOf(number int64) (code endpoint.Code, known bool) {
	switch number {
	case numberParse, numberRequest, numberParams:
		return endpoint.InvalidArgument, true
	case numberMethod:
		return endpoint.Unimplemented, true
	case numberInternal:
		return endpoint.Internal, true
	}
	if c := numberServer - number; c >= int64(endpoint.Canceled) && c <= int64(endpoint.Unauthenticated) {
		return endpoint.Code(c), true //nolint:gosec // it is one of the 17
	}
	return endpoint.Unknown, false
}

// status returns the number as the status of a Call, at least one that is not 0.
func (e *Error) status() int {
	if n := e.number(); n != 0 && int64(int32(n)) == n { //nolint:gosec // which is checked
		return int(n)
	}
	return numberInternal
}
