package natsx

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/problem"
)

// Errors that a server of this package responds with by itself.
var (
	// ErrInvalidRequest is the error of a request that cannot be read.
	ErrInvalidRequest = codec.ErrInvalid
	// ErrMessageTooLarge is the error of a request with more bytes than [MaxMessage]
	// allows. Over HTTP it is that of a body.
	ErrMessageTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the message is too large")
	// ErrUnsupportedMediaType is the error of a request in a format that the method does
	// not speak.
	ErrUnsupportedMediaType = endpoint.Define(endpoint.InvalidArgument, "endpoint", "UNSUPPORTED_MEDIA_TYPE", "unsupported media type")

	errNoRoom   = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "out of capacity")
	errStopping = endpoint.Define(endpoint.Unavailable, "endpoint", "STOPPING", "the server is stopping")
)

// appendError appends the data of a reply for e.
func appendError(dst []byte, e *endpoint.Error) []byte {
	status := statusOf(e)
	return problem.Append(dst, e, status, http.StatusText(status))
}

// statusOf returns the status of an error, which is that of HTTP for its code. The micro
// framework of NATS uses these as well.
func statusOf(e *endpoint.Error) int { return e.Code().HTTPStatus() }

// setError sets the headers of a reply for e.
func setError(h nats.Header, e *endpoint.Error) {
	value := e.Code().String()
	if e.Domain() != "" || e.Reason() != "" {
		value += " " + e.Domain() + "/" + e.Reason()
	}
	h[errorHeader] = []string{bounds.Line(value)}
	h[contentTypeHeader] = []string{problem.MediaType}
	h[serviceErrorHeader] = []string{bounds.Line(e.Message())}
	h[serviceErrorCodeHeader] = []string{strconv.Itoa(statusOf(e))}
}

// errorOf returns the error in a reply, or nil if it is a success, and tells the Call its
// status.
func errorOf(msg *nats.Msg, call *endpoint.CallWriter) *endpoint.Error {
	var e *endpoint.Error
	code, hasCode := lookup(msg.Header, serviceErrorCodeHeader)
	text, hasText := lookup(msg.Header, serviceErrorHeader)
	line, hasLine := lookup(msg.Header, errorHeader)
	switch {
	case hasLine:
		e = ownError(line, msg.Data)
	case hasText || hasCode:
		e = foreignError(text, code)
	default:
		return nil
	}
	status, err := strconv.Atoi(code)
	if err != nil || status < 400 || status > 599 {
		status = statusOf(e)
	}
	call.SetStatus(status)
	return e
}

// ownError reads an error of a server of this package. Without a document that has a
// code, its header says what it was.
func ownError(line string, data []byte) *endpoint.Error {
	d, ok := problem.Read(data, false)
	if !ok || d.Code == "" {
		code, identity, _ := strings.Cut(line, " ")
		domain, reason, _ := strings.Cut(identity, "/")
		d = &problem.Document{Code: code, Domain: domain, Reason: reason}
	}
	return d.ToError(d)
}

// foreignError is for a service of the micro framework. Its codes are often the statuses
// of HTTP.
func foreignError(text, code string) *endpoint.Error {
	c := endpoint.Unknown
	if status, err := strconv.Atoi(code); err == nil && status >= 400 && status <= 599 {
		c = endpoint.CodeOfStatus(status)
	}
	text = bounds.Cut(text, bounds.ErrorBytes)
	return endpoint.FromWire(c, "", "", problem.Clean(text)).WithCause(errors.New("service error " + strconv.Quote(bounds.Cut(code, bounds.Text))))
}
