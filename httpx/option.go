package httpx

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// An Option belongs to one end, to a server ([Mount], [Handler], [Problems]) or to a client
// ([Client]).
type Option interface {
	HandlerOption
	apply(c *service.Config)
}

// A RouteOption is declared with a route, and is true on both ends.
type RouteOption interface {
	HandlerOption
	applyRoute(c *routeConfig)
}

// A HandlerOption is what [Handler] takes: an [Option] or a [RouteOption].
type HandlerOption interface {
	applyHandler(c *service.Config, rc *routeConfig)
}

type option func(c *service.Config)

func (o option) apply(c *service.Config)                        { o(c) }
func (o option) applyHandler(c *service.Config, _ *routeConfig) { o(c) }

// Use puts layers around every operation of the service, the first outermost
// and all of them outside what the endpoints are chained with. Several Use add
// up. On a server they run around decoding, the endpoint and encoding; on a
// client around encoding, the exchange and decoding.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *service.Config) { c.Use(layers) })
}

// Formats sets the formats of bodies that a server reads and writes, the first
// for clients that do not say. A client uses the first. The default is
// codec.JSON() alone. It replaces an earlier Formats.
func Formats(formats ...codec.Format) Option {
	formats = slices.Clone(formats)
	return option(func(c *service.Config) { c.SetFormats(formats) })
}

// DefaultCallTimeout is how long a client waits for the answer to a unary call without
// a deadline, unless [CallTimeout] says otherwise.
const DefaultCallTimeout = shell.DefaultCallTimeout

// CallTimeout bounds the unary calls of a client that have no deadline, so that a
// server which accepts calls and never answers does not hold them for ever. An attempt
// ends after d if its context has no deadline once all layers have run: a
// resilience.Timeout, for example, sets one. The error has the code DeadlineExceeded and
// the identity of resilience.ErrTimeout, and counts against the server. The server is
// not told of the limit. Streams are not bounded.
//
// The default is [DefaultCallTimeout]. A d that is not positive is a construction error;
// [NoCallTimeout] sets no bound. The last of these options counts. It is for clients: on
// a server it is a construction error.
func CallTimeout(d time.Duration) Option {
	return option(func(c *service.Config) { c.SetTimeout(d) })
}

// NoCallTimeout lets the unary calls of a client that have no deadline take as long as
// they like. See [CallTimeout].
func NoCallTimeout() Option {
	return option(func(c *service.Config) { c.NoTimeout() })
}

// ErrorHook calls f with the error of each call of a server that fails, whole
// and before it is cut down to what may be sent; with panics (an
// *endpoint.PanicError), with answers that could not be written, and with errors
// that the operation does not declare. The error has the code that goes out; one of
// another code is its cause. endpoint.ServerFault reports whether the call counts
// against this server. f runs on the request's goroutine.
// endpoint.CallFrom(ctx) says which operation it was. Several ErrorHooks are all
// called. It is for servers: on a client it is a construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *service.Config) { c.AddHook(f) })
}

// DefaultReadBudget is how many bytes of requests a server holds, unless
// [ReadBudget] says otherwise, while it waits for the rest of them: 64 MiB.
const DefaultReadBudget = service.DefaultReadBudget

// ReadBudget sets how many bytes of bodies all routes of one [Mount], or one
// [Handler], hold together while the rest of these bodies has not come. A body takes
// from it as its bytes come, and the first 4 KiB of each are free. One that finds
// nothing left is refused at once with 503 and the reason OUT_OF_CAPACITY, which
// errors.Is compares with resilience.ErrOutOfCapacity. The default is
// [DefaultReadBudget]; bytes must be positive. It is for servers: on a client it is a
// construction error.
func ReadBudget(bytes int64) Option {
	return option(func(c *service.Config) { c.SetReadBudget(bytes) })
}

// DefaultMaxBody is how many bytes of a request's body a route reads unless
// [MaxBody] says otherwise: 1 MiB.
const DefaultMaxBody = 1 << 20

type routeConfig struct {
	service.Traits

	statuses     map[string]int // of errors, by identity
	errors       *errorMap      // nil: problems
	status       int
	maxBody      int64
	bodyTimeout  time.Duration
	eventTimeout time.Duration
	heartbeat    time.Duration
	resume       bool

	requestCodec, responseCodec codec.Format

	examples []example // for documents
}

func (c *routeConfig) setDefaults() {
	c.maxBody, c.bodyTimeout = DefaultMaxBody, DefaultBodyTimeout
	c.eventTimeout, c.heartbeat = DefaultEventTimeout, DefaultHeartbeat
}

type routeOption func(c *routeConfig)

func (o routeOption) applyRoute(c *routeConfig)                      { o(c) }
func (o routeOption) applyHandler(_ *service.Config, c *routeConfig) { o(c) }

// Fails declares errors of the operation. They keep their identity over the
// wire in any case; a declared one does so also when it came from a service
// behind this one, and documents list it. Two errors of one identity with
// different codes are a construction error.
func Fails(errs ...*endpoint.Error) RouteOption {
	errs = slices.Clone(errs)
	return routeOption(func(c *routeConfig) { c.AddFails(errs) })
}

// ErrorStatus sets the HTTP status with which the error goes out on this route,
// in place of that of its code. Clients read the code and never the status.
func ErrorStatus(e *endpoint.Error, status int) RouteOption {
	return routeOption(func(c *routeConfig) {
		switch {
		case e == nil || e.Domain() == "" || e.Reason() == "":
			c.Fault("option ErrorStatus: an error without identity")
		case status < 400 || status > 599:
			c.Fault("option ErrorStatus: %d is no status of an error", status)
		default:
			if c.statuses == nil {
				c.statuses = map[string]int{}
			}
			c.statuses[service.Identity(e)] = status
		}
	})
}

// Idempotent says that repeating the operation does no more than the first call
// did, so that retries may. GET, HEAD, OPTIONS, PUT and DELETE are idempotent by
// themselves (RFC 9110 §9.2.2).
func Idempotent() RouteOption {
	return routeOption(func(c *routeConfig) { c.Idempotent = true })
}

// Status sets the status of a success, which is 200 by default. It takes 200 to
// 299 and 304; 204, 205 and 304 have no body. A response with a field tagged
// status sets its own when that is not 0.
func Status(status int) RouteOption {
	return routeOption(func(c *routeConfig) {
		if !validSuccess(status) {
			c.Fault("option Status: %d is no status of a success", status)
			return
		}
		c.status = status
	})
}

func validSuccess(status int) bool {
	return status >= 200 && status <= 299 || status == http.StatusNotModified
}

// bodiless says that an answer with this status has no body.
func bodiless(status int) bool {
	switch status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusNotModified:
		return true
	}
	return false
}

// MaxBody sets how many bytes of a request's body the server reads, counted
// after decompression; more is 413. The default is [DefaultMaxBody].
func MaxBody(n int64) RouteOption {
	return routeOption(func(c *routeConfig) {
		if n <= 0 {
			c.Fault("option MaxBody: %d is not positive", n)
			return
		}
		c.maxBody = n
	})
}

// DefaultBodyTimeout is how long a route waits for the whole body of a request
// unless [BodyTimeout] says otherwise.
const DefaultBodyTimeout = 10 * time.Second

// BodyTimeout sets how long the server waits for the whole body of a request,
// counted from when it starts to read it; one that takes longer is 408. The
// default is [DefaultBodyTimeout]; 0 means no bound but that of the http.Server.
// A ReadTimeout of the http.Server that is not longer stays in force instead.
//
// The connection of a body that did not come closes, over HTTP/1. Where the
// response writer gives no access to its deadlines, as inside
// http.TimeoutHandler, the body is read on a goroutine of its own; a writer that
// wraps another should have a method Unwrap (see http.ResponseController).
func BodyTimeout(d time.Duration) RouteOption {
	return routeOption(func(c *routeConfig) {
		if d < 0 {
			c.Fault("option BodyTimeout: %v is negative", d)
			return
		}
		c.bodyTimeout = d
	})
}

// RequestCodec sets the codec of the request's body on this route, on both ends
// and in place of the formats of the service. T is the type of the body: that
// of the request, or of its field tagged body; another is a construction error.
func RequestCodec[T any](body codec.Codec[T]) RouteOption {
	return routeOption(func(c *routeConfig) {
		if body == nil {
			c.Fault("option RequestCodec: the codec is nil")
			return
		}
		c.requestCodec = oneType[T]{body}
	})
}

// ResponseCodec sets the codec of the response's body on this route, on both
// ends and in place of the formats of the service. T is the type of the body:
// that of the response, or of its field tagged body; another is a construction
// error.
func ResponseCodec[T any](body codec.Codec[T]) RouteOption {
	return routeOption(func(c *routeConfig) {
		if body == nil {
			c.Fault("option ResponseCodec: the codec is nil")
			return
		}
		c.responseCodec = oneType[T]{body}
	})
}

// oneType is a codec as a format for its one type.
type oneType[T any] struct{ c codec.Codec[T] }

func (o oneType[T]) MediaType() string { return o.c.MediaType() }

func (o oneType[T]) Append(dst []byte, v any) ([]byte, error) { return o.c.Append(dst, *v.(*T)) }

func (o oneType[T]) Decode(src []byte, v any) error { return o.c.Decode(src, v.(*T)) }

// Compile checks what the assertions above rely on.
func (o oneType[T]) Compile(t reflect.Type, _ codec.Options) (codec.Format, error) {
	if want := reflect.TypeFor[T](); t != want {
		return nil, fmt.Errorf("the codec of %s is for %s, and the body is %s", o.c.MediaType(), want, t)
	}
	return o, nil
}

// A NameOption is an [Option] and a [RouteOption].
type NameOption interface {
	Option
	RouteOption
}

// Named sets the name of the service that the operations belong to, in place of
// the name of the type that declares their fields. Telemetry tells services apart by it.
//
// With a route, it is the name on both ends. A service with two fields of one type needs
// it for one of them. For [Mount] and [Client], it is the name of all operations of that
// end whose routes have none, so one type that is mounted twice can be two services. Two
// operations of one name are a construction error. [Problems] does not take it. An empty
// name is a construction error.
func Named(name string) NameOption { return nameOption(name) }

type nameOption string

func (o nameOption) apply(c *service.Config)                        { c.SetName(string(o)) }
func (o nameOption) applyRoute(c *routeConfig)                      { c.SetName(string(o)) }
func (o nameOption) applyHandler(_ *service.Config, c *routeConfig) { o.applyRoute(c) }

// A RequireOption is an [Option] and a [RouteOption].
type RequireOption interface {
	Option
	RouteOption
}

// Requires makes a route require that its caller proves one of anyOf: a scheme of package
// auth, a scheme with scopes, or several schemes together (auth.All). A call without
// credentials, or with wrong ones, fails with endpoint.ErrUnauthenticated (401), one that
// lacks a scope with endpoint.ErrScopeMissing (403). The answer has
// the header WWW-Authenticate. It is given before the body is read, and neither the
// handler nor a layer inside the one that verifies sees the call.
//
// With [Routes.Under] it holds for all routes there, and with [Mount] and [Client] for all
// routes of that end. Several Requires of one operation hold
// together. On a server, a layer must verify each scheme, and on a client, layers must send
// one of the alternatives; anything else is a construction error, and so is a nil
// requirement.
func Requires(anyOf ...endpoint.Requirement) RequireOption {
	return requireOption(slices.Clone(anyOf))
}

type requireOption []endpoint.Requirement

func (o requireOption) apply(c *service.Config)                        { c.AddRequired(o) }
func (o requireOption) applyRoute(c *routeConfig)                      { c.AddRequired(o) }
func (o requireOption) applyHandler(_ *service.Config, c *routeConfig) { o.applyRoute(c) }

// Public lets anybody call an operation, whatever [Routes.Under] or [Mount] requires. It lifts each
// [Requires] that stands before it, and none that is a fact of the service
// (endpoint.Requires).
func Public() RouteOption {
	return routeOption(func(c *routeConfig) { c.SetPublic() })
}

// Partial lets a server be mounted with the endpoint unset; it then answers
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() RouteOption {
	return routeOption(func(c *routeConfig) { c.Partial = true })
}

// AllowUnknown ignores members of a request's body that its type does not have.
// Without it they are faults, so that a misspelt member is never lost: to add a
// field to a request, deploy the servers first.
func AllowUnknown() RouteOption {
	return routeOption(func(c *routeConfig) { c.AllowUnknown = true })
}
