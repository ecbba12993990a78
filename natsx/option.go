package natsx

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// An Option belongs to one end, to a server ([Register]) or to a client ([Client]).
type Option interface {
	apply(c *config)
}

// A MethodOption is declared with a method and holds on both ends.
type MethodOption interface {
	applyMethod(c *methodConfig)
}

// Defaults of options.
const (
	// DefaultCalls is how many calls of a service a server runs at a time, unless
	// [InFlight] says otherwise.
	DefaultCalls = 4096
	// DefaultCallBytes is how many bytes the requests of these calls may have in all:
	// 64 MiB.
	DefaultCallBytes = service.DefaultReadBudget
	// DefaultPendingItems is how many items of a response stream a client keeps for its
	// loop, unless [PendingLimits] says otherwise.
	DefaultPendingItems = 64 << 10
	// DefaultPendingBytes is how many bytes they may have in all: 16 MiB.
	DefaultPendingBytes = 16 << 20
	// DefaultCallTimeout is how long a client waits for the response to a call without a
	// deadline, unless [CallTimeout] says otherwise.
	DefaultCallTimeout = shell.DefaultCallTimeout
)

type config struct {
	service.Config

	calls        int
	running      atomic.Int64 // calls of a server
	pendingItems int
	pendingBytes int
}

func (c *config) setDefaults() {
	c.calls, c.Reading = DefaultCalls, service.NewBudget(DefaultCallBytes)
	c.pendingItems, c.pendingBytes = DefaultPendingItems, DefaultPendingBytes
}

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Use puts layers around every operation of the service, the first outermost and all of
// them outside what the endpoints are chained with. Several Use add up.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *config) { c.Use(layers) })
}

// Formats sets the formats of messages. A server reads a request in the format that its
// Content-Type names, or in the first one if it names none, and responds in the same
// format. A client uses the first. The default is codec.JSON() alone. It replaces an
// earlier Formats, and [Codec] replaces it.
func Formats(formats ...codec.Format) Option {
	formats = slices.Clone(formats)
	return option(func(c *config) { c.SetFormats(formats) })
}

// ErrorHook calls f with the error of each call of a server that fails, whole and before
// it is cut down to what may be sent, and with responses that could not be sent. The
// error has the code that goes out; one of another code is its cause. f runs on the
// goroutine of the call. endpoint.CallFrom(ctx) says which operation it was. Several
// ErrorHooks are all called. It is for servers: on a client it is a construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *config) { c.AddHook(f) })
}

// InFlight sets how many calls of the service a server runs at a time, and how many bytes
// their requests may have in all, with their headers. A request beyond that is refused
// immediately, with the code Unavailable and the identity endpoint/OUT_OF_CAPACITY. No
// layer sees it, but the error hook does. The defaults are [DefaultCalls] and
// [DefaultCallBytes]. A number that is not positive is a construction error. It is for
// servers: on a client it is a construction error as well.
func InFlight(calls int, bytes int64) Option {
	return option(func(c *config) {
		c.OnlyServer("InFlight")
		if calls <= 0 || bytes <= 0 {
			c.Fault("option InFlight: %d calls with %d bytes, want positive numbers", calls, bytes)
			return
		}
		c.calls, c.Reading = calls, service.NewBudget(bytes)
	})
}

// PendingLimits sets how many items of a response stream a client keeps that its loop has
// not taken yet, and how many bytes they may have in all. NATS has no flow control: a
// stream with more ends with the code Unavailable. The defaults are [DefaultPendingItems]
// and [DefaultPendingBytes]. A number that is not positive is a construction error. It is
// for clients: on a server it is a construction error as well.
func PendingLimits(items, bytes int) Option {
	return option(func(c *config) {
		c.OnlyClient("PendingLimits")
		if items <= 0 || bytes <= 0 {
			c.Fault("option PendingLimits: %d items with %d bytes, want positive numbers", items, bytes)
			return
		}
		c.pendingItems, c.pendingBytes = items, bytes
	})
}

// CallTimeout bounds the unary calls of a client that have no deadline, so that a server
// which never responds does not hold them for ever. An attempt ends after d if its context
// has no deadline once all layers have run. The error has the code DeadlineExceeded and the
// identity of resilience.ErrTimeout, and counts against the server. The server is not told
// of the limit. Streams are not bounded: their heartbeats are.
//
// The default is [DefaultCallTimeout]. A d that is not positive is a construction error;
// [NoCallTimeout] sets no bound. The last of these options counts. It is for clients: on
// a server it is a construction error.
func CallTimeout(d time.Duration) Option {
	return option(func(c *config) { c.SetTimeout(d) })
}

// NoCallTimeout lets the unary calls of a client that have no deadline take as long as
// they like. See [CallTimeout].
func NoCallTimeout() Option {
	return option(func(c *config) { c.NoTimeout() })
}

// DefaultMaxMessage is how many bytes the data of a request may have, unless [MaxMessage]
// says otherwise: 1 MiB, which is also the default of a NATS server.
const DefaultMaxMessage = 1 << 20

type methodConfig struct {
	service.Traits

	maxMessage int
	codec      codec.Format
}

func (c *methodConfig) setDefaults(t service.Traits) { c.Traits, c.maxMessage = t, DefaultMaxMessage }

type methodOption func(c *methodConfig)

func (o methodOption) applyMethod(c *methodConfig) { o(c) }

// Fails declares errors of the operation. They keep their identity over the wire in any
// case; a declared one does so also when it came from a service behind this one, with all
// its details. Two errors of one identity with different codes are a construction error.
func Fails(errs ...*endpoint.Error) MethodOption {
	errs = slices.Clone(errs)
	return methodOption(func(c *methodConfig) { c.AddFails(errs) })
}

// Idempotent says that repeating the operation does no more than the first call did, so
// that retries may.
func Idempotent() MethodOption {
	return methodOption(func(c *methodConfig) { c.Idempotent = true })
}

// A NameOption is an [Option] and a [MethodOption].
type NameOption interface {
	Option
	MethodOption
}

// Named sets the name of the service that the operations belong to
// (endpoint.Operation.Service), in place of the name of the type that declares their
// fields. Telemetry tells services apart by it. It changes nothing on the wire. With
// [Register] and [Client], it is the name of all operations of that end whose methods have
// none. Two operations of one name are a construction error, and so is an empty name.
func Named(name string) NameOption { return nameOption(name) }

type nameOption string

func (o nameOption) apply(c *config)             { c.SetName(string(o)) }
func (o nameOption) applyMethod(c *methodConfig) { c.SetName(string(o)) }

// A RequireOption is an [Option] and a [MethodOption].
type RequireOption interface {
	Option
	MethodOption
}

// Requires makes a method require that its caller proves one of anyOf: a scheme of package
// auth, a scheme with scopes, or several schemes together (auth.All). A call without
// credentials, or with wrong ones, fails with endpoint.ErrUnauthenticated, one that
// lacks a scope with endpoint.ErrScopeMissing. The check is
// made before the message is decoded, and neither the handler nor a layer inside the one
// that verifies sees the call.
//
// With [Register] and [Client] it holds for all methods of that end. Several Requires of one operation hold
// together. On a server, a layer must verify each scheme, and on a client, layers must send
// one of the alternatives; anything else is a construction error, and so is a nil
// requirement.
func Requires(anyOf ...endpoint.Requirement) RequireOption {
	return requireOption(slices.Clone(anyOf))
}

type requireOption []endpoint.Requirement

func (o requireOption) apply(c *config)             { c.AddRequired(o) }
func (o requireOption) applyMethod(c *methodConfig) { c.AddRequired(o) }

// Public lets anybody call an operation, whatever [Register] requires. It lifts each
// [Requires] that stands before it, and none that is a fact of the service
// (endpoint.Requires).
func Public() MethodOption {
	return methodOption(func(c *methodConfig) { c.SetPublic() })
}

// Partial lets a server be registered with the endpoint unset; it then responds with
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() MethodOption {
	return methodOption(func(c *methodConfig) { c.Partial = true })
}

// AllowUnknown ignores members of a request that its type does not have. Without it they
// are faults: to add a field to a request, deploy the servers first.
func AllowUnknown() MethodOption {
	return methodOption(func(c *methodConfig) { c.AllowUnknown = true })
}

// MaxMessage sets how many bytes the data of a request may have; more is
// [ErrMessageTooLarge]. The default is [DefaultMaxMessage]. The NATS server has a limit of
// its own (max_payload), for requests and for responses. An n that is not positive is a
// construction error.
func MaxMessage(n int) MethodOption {
	return methodOption(func(c *methodConfig) {
		if n <= 0 {
			c.Fault("option MaxMessage: %d is not positive", n)
			return
		}
		c.maxMessage = n
	})
}

// Codec sets the format of the messages of a method on both ends, in place of the formats
// of the service.
func Codec(f codec.Format) MethodOption {
	return methodOption(func(c *methodConfig) {
		if f == nil {
			c.Fault("option Codec: the format is nil")
			return
		}
		c.codec = f
	})
}
