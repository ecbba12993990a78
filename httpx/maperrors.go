package httpx

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// An ErrorOption is a [RouteOption] that [Problems] takes as well.
type ErrorOption interface {
	Option
	RouteOption
}

// MapErrors replaces the problems of a route by error bodies of the user's, such as
// those that older servers and clients have. It is declared with the route, or [Routes.Under]
// a path for many, and is true on both ends. Give it to [Problems] as well, so that 404
// and 405 have the same form. The last of several counts. [Mount] and [Client] do not
// take it, because the ends of a service could then differ.
//
// On a server, to returns the status and the body of an error that goes out. The status
// must be 400 to 599; 0 stands for the status that the error has without MapErrors, with
// [ErrorStatus]. All headers stay, such as Retry-After and WWW-Authenticate. Layers,
// telemetry and [ErrorHook] get the error as ever, and the status that to returns. If to
// panics or returns another status, or if the body cannot be encoded, the answer is a
// problem with the status 500, and ErrorHook gets the reason.
//
// On a client, from returns the error of an answer that is not a success; nil leaves
// the answer to [DecodeError], and then to the rules for foreign servers. The call's
// error has the identity, the message and the details of the one that from returns, so
// errors.Is finds it. It is Remote, and has the time of the header Retry-After unless
// from sets one. An error of code Unknown without an identity gets the code of the status.
// from is not called for a problem of this package, so that a client understands servers
// with and without MapErrors. Nor is it called for a body that is longer than 64 KiB,
// that is not of type Body, or that is the zero Body, as JSON without its members is.
//
// Body is the type of the bodies. A string is text/plain. Others are written in the
// [Formats] of the service, JSON by default, and a [ResponseCodec] is not used for them.
// Members that Body does not have are ignored. An error that comes after the first item
// of a response stream has no status, and stays a problem.
//
// to and from must depend on their arguments alone, and must be safe for concurrent use:
// to is called more than once for an error. A nil function is a construction error, and
// so is a Body that a format cannot write.
func MapErrors[Body any](to func(err *endpoint.Error) (status int, body Body), from func(status int, body Body) *endpoint.Error) ErrorOption {
	// See decision 148.
	m := &errorMap{typ: reflect.TypeFor[Body]()}
	if to != nil {
		m.to = func(err *endpoint.Error) (int, any) {
			status, body := to(err)
			return status, &body
		}
	}
	if from != nil {
		m.from = func(status int, body any) *endpoint.Error { return from(status, *body.(*Body)) }
	}
	return m
}

// An errorMap is the option MapErrors. Bodies are behind pointers to a typ.
type errorMap struct {
	typ  reflect.Type
	to   func(err *endpoint.Error) (status int, body any)
	from func(status int, body any) *endpoint.Error
}

func (m *errorMap) apply(c *service.Config) {
	c.Fault("option MapErrors belongs to routes; give it to them, to Under or to Problems")
}

func (m *errorMap) applyHandler(_ *service.Config, c *routeConfig) { m.applyRoute(c) }

func (m *errorMap) applyRoute(c *routeConfig) {
	if m.to == nil || m.from == nil {
		c.Fault("option MapErrors: a function is nil")
		return
	}
	c.errors = m
}

// answer returns the status and the body of an error. usual is the status that it has
// without the option. It does not panic.
func (m *errorMap) answer(e *endpoint.Error, usual int) (status int, body any, err error) {
	err = shell.Guard(nil, func() error {
		status, body = m.to(e)
		return nil
	})
	switch {
	case err != nil:
	case status == 0:
		status = usual
	case status < 400 || status > 599:
		err = fmt.Errorf("the status must be 400 to 599 or 0, got %d", status)
	}
	return status, body, err
}

// statusOf returns the status that an error goes out with.
func (c *routeConfig) statusOf(e *endpoint.Error) int {
	usual := usualStatus(e, c.statuses)
	if c.errors == nil {
		return usual
	}
	status, _, err := c.errors.answer(e, usual)
	if err != nil {
		return http.StatusInternalServerError
	}
	return status
}

// bindErrors prepares the formats for the error bodies of a route. It returns the faults.
func (rt *route) bindErrors() []error {
	m := rt.opts.errors
	if m == nil {
		return nil
	}
	formats := rt.config.Formats()
	if m.typ.Kind() == reflect.String {
		formats = []codec.Format{codec.Text()}
	}
	var faults []error
	for _, f := range formats {
		if c, ok := f.(codec.Compiler); ok {
			var err error
			if f, err = c.Compile(m.typ, codec.Options{AllowUnknown: true}); err != nil {
				faults = append(faults, fmt.Errorf("option MapErrors: %s: %w", c.MediaType(), err))
				continue
			}
		}
		rt.errors = append(rt.errors, f)
	}
	return faults
}

// An errorAnswer is the answer of a call that failed.
type errorAnswer struct {
	err    *endpoint.Error // that is answered
	status int
	media  string
	body   []byte
}

// appendError appends the body of the answer for an error to dst. format is the place of
// the format that the client likes best. If MapErrors fails, err is the reason, and the
// answer is the problem of an internal error.
func (rt *route) appendError(dst []byte, e *endpoint.Error, format int) (answer errorAnswer, err error) {
	if rt.opts.errors != nil {
		if format >= len(rt.errors) {
			format = 0
		}
		f := rt.errors[format]
		status, v, fault := rt.opts.errors.answer(e, usualStatus(e, rt.opts.statuses))
		if fault == nil {
			var body []byte
			fault = shell.Guard(nil, func() (err error) {
				body, err = f.Append(dst, v)
				return err
			})
			if fault == nil {
				return errorAnswer{e, status, f.MediaType(), body}, nil
			}
		}
		err = endpoint.Errorf(endpoint.Internal, "cannot write the answer of MapErrors: %w", fault)
		e = endpoint.Errorf(endpoint.Internal, "internal error")
	}
	status := usualStatus(e, rt.opts.statuses)
	return errorAnswer{e, status, problemType, appendProblem(dst, e, status)}, err
}

// sizeOfError returns the size of the answer for an error. After the first item of a
// response stream, that is an event.
func (rt *route) sizeOfError(e *endpoint.Error, started bool) int64 {
	if started {
		return int64(len(appendEvent(nil, rt.failureEvent(e))))
	}
	answer, _ := rt.appendError(nil, e, 0)
	return int64(len(answer.body))
}

// DecodeError makes a client understand the errors of a server that is not one of ours.
// f returns the error of an answer that is not a success, or nil if it does not know the
// answer, which is then an error with the code of its status. Several DecodeErrors are
// asked in turn. body is the first 64 KiB of the body, which f may keep; header must not
// be changed.
//
// The call's error has the identity, the message and the details of the one that f
// returns. It is Remote, and has the time of the header Retry-After unless f sets one. An
// error of code Unknown without an identity gets the code of the status.
//
// f is not called for a problem of this package, for an answer that [MapErrors] knows, and
// for a redirect. It must be safe for concurrent use. A nil f is a construction error. The
// option is for clients: on a server it is a construction error.
func DecodeError(f func(status int, header http.Header, body []byte) *endpoint.Error) Option {
	return errorDecoder(f)
}

type errorDecoder func(status int, header http.Header, body []byte) *endpoint.Error

func (f errorDecoder) apply(c *service.Config) {
	c.OnlyClient("DecodeError")
	if f == nil {
		c.Fault("option DecodeError: the function is nil")
	}
}

func (f errorDecoder) applyHandler(c *service.Config, _ *routeConfig) { f.apply(c) }

// errorOf makes the typed error of an answer that is not a success. Whatever the body is,
// it never fails. cut reports whether body is only the start of it.
func (c *client) errorOf(status int, header http.Header, body []byte, cut bool) *endpoint.Error {
	p, ok := readProblem(body, cut)
	if (c.rt.opts.errors != nil || len(c.decoders) > 0) && !(ok && p.isOurs(header)) {
		if e := c.foreign(status, header, body, cut); e != nil {
			return e
		}
	}
	return p.toError(status, header, body, ok)
}

// isOurs reports whether the problem of an answer was written by this package, and not by
// a server that has members of the same name.
func (p *Problem) isOurs(header http.Header) bool {
	_, err := endpoint.ParseCode(p.Code)
	return err == nil && mediaOf(header) == problemType
}

// foreign returns what the functions of the user make of an answer, or nil.
func (c *client) foreign(status int, header http.Header, body []byte, cut bool) *endpoint.Error {
	var e *endpoint.Error
	if c.rt.opts.errors != nil && !cut {
		e = c.rt.fromBody(status, header, body)
	}
	for _, decode := range c.decoders {
		if e != nil {
			break
		}
		e = decode(status, header, bytes.Clone(body))
	}
	if e == nil {
		return nil
	}
	code := e.Code()
	if code == endpoint.OK || code == endpoint.Unknown && e.Domain() == "" {
		code = codeOfStatus(status)
	}
	e = shell.RemoteAs(e, code)
	if e.RetryAfter() > 0 {
		return e
	}
	return e.WithRetryAfter(retryAfter(header))
}

// fromBody returns the error in a body that MapErrors describes, or nil.
func (rt *route) fromBody(status int, header http.Header, body []byte) *endpoint.Error {
	f, media := rt.errors[0], mediaOf(header)
	for _, other := range rt.errors[1:] {
		if sameType(media, other.MediaType()) {
			f = other
		}
	}
	v := reflect.New(rt.opts.errors.typ)
	if f.Decode(body, v.Interface()) == nil && !v.Elem().IsZero() {
		return rt.opts.errors.from(status, v.Interface())
	}
	return nil
}

// mediaOf returns the media type of a body, without parameters.
func mediaOf(header http.Header) string {
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// codeOfStatus returns the code of an answer that is not a success.
func codeOfStatus(status int) endpoint.Code {
	code := endpoint.CodeOfStatus(status)
	if code == endpoint.OK {
		return endpoint.Unknown
	}
	return code
}
