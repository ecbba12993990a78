package grpcx

import (
	"context"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
)

// An Option belongs to one end, to a server ([Register]) or to a client
// ([Client]).
type Option interface {
	apply(c *config)
}

// A MethodOption is declared with a method, or with a service for all of its
// methods, and is true on both ends.
type MethodOption interface {
	applyMethod(c *methodConfig)
}

type config struct {
	service.Config

	calls []grpc.CallOption
}

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Use puts layers around every operation of the service, the first outermost
// and all of them outside what the endpoints are chained with. Several Use add
// up. On a server they run around the decoding of the request and the endpoint;
// the interceptors of a *grpc.Server for unary calls run inside of them, those
// for streams outside. On a client they run around the call, with the
// interceptors of its connection inside.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *config) { c.Use(layers) })
}

// Formats sets the formats of messages that are not protobuf's. A server reads
// and writes the one that the content-subtype of a call names, which is the
// subtype of a format's media type: "json" of application/json. A client uses
// the first. The default is codec.JSON() alone. It replaces an earlier Formats,
// and [Codec] replaces it.
func Formats(formats ...codec.Format) Option {
	formats = slices.Clone(formats)
	return option(func(c *config) { c.SetFormats(formats) })
}

// ErrorHook calls f with the error of each call of a server that fails, whole
// and before it is cut down to what may be sent; with panics (an
// *endpoint.PanicError), and with metadata that could not be sent. The error has the
// code that goes out; one of another code is its cause. endpoint.ServerFault reports
// whether the call counts against this server. f runs on the goroutine of the call. endpoint.CallFrom(ctx) says which operation it was.
// Several ErrorHooks are all called. It is for servers: on a client it is a
// construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *config) { c.AddHook(f) })
}

// CallOptions adds options of grpc-go to every call of a client, before those of
// [WithCallOptions]: grpc.UseCompressor, grpc.WaitForReady and so on. Several
// add up. It is for clients: on a server it is a construction error.
func CallOptions(opts ...grpc.CallOption) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) {
		c.OnlyClient("CallOptions")
		if slices.Contains(opts, nil) {
			c.Fault("option CallOptions: a nil option")
			return
		}
		c.calls = append(c.calls, opts...)
	})
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
	return option(func(c *config) { c.SetTimeout(d) })
}

// NoCallTimeout lets the unary calls of a client that have no deadline take as long as
// they like. See [CallTimeout].
func NoCallTimeout() Option {
	return option(func(c *config) { c.NoTimeout() })
}

type methodConfig struct {
	service.Traits

	maxMessage  int
	sendTimeout time.Duration
	codec       codec.Format
}

type methodOption func(c *methodConfig)

func (o methodOption) applyMethod(c *methodConfig) { o(c) }

// Fails declares errors of the operation. They keep their identity over the
// wire in any case; a declared one does so also when it came from a service
// behind this one, with all its details. Two errors of one identity with
// different codes are a construction error.
func Fails(errs ...*endpoint.Error) MethodOption {
	errs = slices.Clone(errs)
	return methodOption(func(c *methodConfig) { c.AddFails(errs) })
}

// Idempotent says that repeating the operation does no more than the first call
// did, so that retries may. A method whose descriptor has the option
// idempotency_level is idempotent by itself.
func Idempotent() MethodOption {
	return methodOption(func(c *methodConfig) { c.Idempotent = true })
}

// A NameOption is an [Option] and a [MethodOption].
type NameOption interface {
	Option
	MethodOption
}

// Named sets the name of the service that the operations belong to
// (endpoint.Operation.Service), in place of the name of the type that declares
// their fields. Telemetry tells services apart by it. It changes nothing on the wire.
//
// With a method, it is the name on both ends. A service with two fields of one type needs
// it for one of them. For [Register] and [Client], it is the name of all operations of
// that end whose methods have none, so one type that is registered on two servers can be
// two services. Two operations of one name are a construction error, and so is an empty
// name.
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
// With [Methods.Service] it holds for all its methods, and with [Register] and [Client] for
// all methods of that end. Several Requires of one operation hold
// together. On a server, a layer must verify each scheme, and on a client, layers must send
// one of the alternatives; anything else is a construction error, and so is a nil
// requirement.
func Requires(anyOf ...endpoint.Requirement) RequireOption {
	return requireOption(slices.Clone(anyOf))
}

type requireOption []endpoint.Requirement

func (o requireOption) apply(c *config)             { c.AddRequired(o) }
func (o requireOption) applyMethod(c *methodConfig) { c.AddRequired(o) }

// Public lets anybody call an operation, whatever [Methods.Service] or [Register] requires. It lifts each
// [Requires] that stands before it, and none that is a fact of the service
// (endpoint.Requires).
func Public() MethodOption {
	return methodOption(func(c *methodConfig) { c.SetPublic() })
}

// Partial lets a server be registered with the endpoint unset; it then answers
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() MethodOption {
	return methodOption(func(c *methodConfig) { c.Partial = true })
}

// AllowUnknown ignores members of a request that its type does not have, in
// formats that have such. Without it they are faults: to add a field to a
// request, deploy the servers first. Protobuf always ignores them.
func AllowUnknown() MethodOption {
	return methodOption(func(c *methodConfig) { c.AllowUnknown = true })
}

// MaxMessage sets how many bytes a message of a request may have, counted after
// decompression; more is [ErrMessageTooLarge]. By default the server's own limit
// alone counts, which is 4 MiB unless grpc.MaxRecvMsgSize says otherwise; what
// is beyond that grpc-go refuses by itself, with the code ResourceExhausted and
// without an identity. Layers and hooks get [ErrMessageTooLarge] for both.
func MaxMessage(n int) MethodOption {
	return methodOption(func(c *methodConfig) {
		if n <= 0 {
			c.Fault("option MaxMessage: %d is not positive", n)
			return
		}
		c.maxMessage = n
	})
}

// Codec sets the format of the messages of a method on both ends, in place of
// the formats of the service and also of protobuf.
func Codec(f codec.Format) MethodOption {
	return methodOption(func(c *methodConfig) {
		if f == nil {
			c.Fault("option Codec: the format is nil")
			return
		}
		c.codec = f
	})
}
