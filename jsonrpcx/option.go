package jsonrpcx

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/service"
)

// An Option belongs to one end, to a server ([Mount], [Handler]) or to a client ([Client]).
type Option interface{ apply(c *config) }

// A MethodOption is declared with a method, and is true on both ends.
type MethodOption interface{ applyMethod(c *methodConfig) }

type config struct {
	service.Config

	path     string // of a client
	maxBatch int
	parallel int
	maxReply int64                 // of a batch
	body     []httpx.HandlerOption // how a server reads bodies

	noDiscover     bool
	title, version string // of the document; see Info
}

func (c *config) setDefaults() {
	c.maxBatch, c.parallel, c.maxReply = DefaultMaxBatch, DefaultBatchConcurrency, DefaultMaxBatchReply
}

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Use puts layers around every operation of the service, the first outermost and all of
// them outside what the endpoints are chained with. Several Use add up. On a server they
// run around each call of a batch, once the whole request has been read. A request that
// names no method of the service, or cannot be read, is a call of an operation that is
// Unrouted. On a client they run around encoding, the exchange and decoding.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *config) { c.Use(layers) })
}

// ErrorHook calls f with the error of each call of a server that fails, whole and before
// it is cut down to what may be sent; with panics (an *endpoint.PanicError), with requests
// that HTTP rejects, and with answers that could not be written. The error has the code
// that goes out; one of another code is its cause. endpoint.ServerFault reports whether the
// call counts against this server. f runs on the goroutine of the call.
// endpoint.CallFrom(ctx) says which operation it was. Several ErrorHooks are all called. It
// is for servers: on a client it is a construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *config) { c.AddHook(f) })
}

// CallTimeout bounds the calls of a client that have no deadline, as httpx.CallTimeout does.
// The default is httpx.DefaultCallTimeout; d must be positive. The last of CallTimeout and
// [NoCallTimeout] counts. It is for clients: on a server it is a construction error.
func CallTimeout(d time.Duration) Option {
	return option(func(c *config) { c.SetTimeout(d) })
}

// NoCallTimeout lets the calls of a client that have no deadline take as long as they like.
// It is for clients: on a server it is a construction error.
func NoCallTimeout() Option {
	return option(func(c *config) { c.NoTimeout() })
}

// Path sets the path that a client appends to the base of each connection, such as "/rpc"
// for a pool whose addresses are "10.0.0.1:80". It must begin with a slash. The default is
// to append nothing. It is for clients: on a server it is a construction error.
func Path(path string) Option {
	return option(func(c *config) {
		c.OnlyClient("Path")
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#%") {
			c.Fault("option Path: %q is not a path that begins with a slash and needs no escapes", path)
			return
		}
		c.path = path
	})
}

// MaxBody sets how many bytes of a request a server reads, a whole batch of them and
// counted after decompression; more is [ErrBodyTooLarge], with the status 413. The default
// is httpx.DefaultMaxBody; n must be positive. It is for servers: on a client it is a
// construction error.
func MaxBody(n int64) Option {
	return option(func(c *config) {
		c.OnlyServer("MaxBody")
		if n <= 0 {
			c.Fault("option MaxBody: %d is not positive", n)
			return
		}
		c.body = append(c.body, httpx.MaxBody(n))
	})
}

// BodyTimeout sets how long a server waits for the body of a request, as httpx.BodyTimeout
// does. The default is httpx.DefaultBodyTimeout; 0 means no bound but that of the
// http.Server, and a negative d is a construction error. It is for servers: on a client it
// is a construction error.
func BodyTimeout(d time.Duration) Option {
	return option(func(c *config) {
		c.OnlyServer("BodyTimeout")
		if d < 0 {
			c.Fault("option BodyTimeout: %v is negative", d)
			return
		}
		c.body = append(c.body, httpx.BodyTimeout(d))
	})
}

// ReadBudget sets how many bytes of bodies a server holds while the rest of them has not
// come, as httpx.ReadBudget does. The default is httpx.DefaultReadBudget; bytes must be
// positive. It is for servers: on a client it is a construction error.
func ReadBudget(bytes int64) Option {
	return option(func(c *config) {
		c.SetReadBudget(bytes)
		if bytes > 0 {
			c.body = append(c.body, httpx.ReadBudget(bytes))
		}
	})
}

// DefaultMaxBatch is how many calls a batch may have unless [MaxBatch] says otherwise.
const DefaultMaxBatch = 100

// MaxBatch sets how many calls and notifications a batch may have. A larger batch is
// rejected as a whole with [ErrBatchTooLarge]. The default is [DefaultMaxBatch]; n must be
// positive. It is for servers: on a client it is a construction error.
func MaxBatch(n int) Option {
	return option(func(c *config) {
		c.OnlyServer("MaxBatch")
		if n <= 0 {
			c.Fault("option MaxBatch: %d is not positive", n)
			return
		}
		c.maxBatch = n
	})
}

// DefaultBatchConcurrency is how many calls of a batch run at the same time unless
// [BatchConcurrency] says otherwise.
const DefaultBatchConcurrency = 8

// BatchConcurrency sets how many calls of one batch run at the same time. 1 runs them one
// after the other, in their order. The default is [DefaultBatchConcurrency]; n must be
// positive. It is for servers: on a client it is a construction error.
func BatchConcurrency(n int) Option {
	return option(func(c *config) {
		c.OnlyServer("BatchConcurrency")
		if n <= 0 {
			c.Fault("option BatchConcurrency: %d is not positive", n)
			return
		}
		c.parallel = n
	})
}

// DefaultMaxBatchReply is how many bytes the results of a batch may have together unless
// [MaxBatchReply] says otherwise: 16 MiB.
const DefaultMaxBatchReply = 16 << 20

// MaxBatchReply sets how many bytes the results of one batch may have together. A call
// whose result does not fit fails with [ErrBatchReplyTooLarge], and so do those after it,
// which do not run. The default is [DefaultMaxBatchReply]; n must be positive. It is for
// servers: on a client it is a construction error.
func MaxBatchReply(n int64) Option {
	return option(func(c *config) {
		c.OnlyServer("MaxBatchReply")
		if n <= 0 {
			c.Fault("option MaxBatchReply: %d is not positive", n)
			return
		}
		c.maxReply = n
	})
}

type methodConfig struct {
	service.Traits

	numbers      map[string]int // of errors, by identity
	notification bool
	positional   bool
}

type methodOption func(c *methodConfig)

func (o methodOption) applyMethod(c *methodConfig) { o(c) }

// Fails declares errors of the operation. They keep their identity over the wire in any
// case; a declared one does so also when it came from a service behind this one. Two errors
// of one identity with different codes are a construction error.
func Fails(errs ...*endpoint.Error) MethodOption {
	errs = slices.Clone(errs)
	return methodOption(func(c *methodConfig) { c.AddFails(errs) })
}

// ErrorCode sets the number with which the error goes out, in place of that of its code, for
// clients that know it. Clients of this package read the code in the data and never the
// number. The numbers from -32768 to -32000 are reserved, and a construction error, as an
// error without an identity is.
func ErrorCode(e *endpoint.Error, number int) MethodOption {
	return methodOption(func(c *methodConfig) {
		switch {
		case e == nil || e.Domain() == "" || e.Reason() == "":
			c.Fault("option ErrorCode: an error without identity")
		case isReserved(int64(number)):
			c.Fault("option ErrorCode: %d is reserved; use a number outside -32768 to -32000", number)
		case number == 0:
			c.Fault("option ErrorCode: 0 is the status of a success")
		default:
			if c.numbers == nil {
				c.numbers = map[string]int{}
			}
			c.numbers[service.Identity(e)] = number
		}
	})
}

// Idempotent says that repeating the operation does no more than the first call did, so
// that retries may.
func Idempotent() MethodOption {
	return methodOption(func(c *methodConfig) { c.Idempotent = true })
}

// Notification makes a client send calls of the method as notifications, to which the
// server answers nothing: a call succeeds once HTTP has accepted it, and an error of the
// method is lost. The response must be endpoint.Empty. A server takes notifications of
// every method, with or without this option.
func Notification() MethodOption {
	return methodOption(func(c *methodConfig) { c.notification = true })
}

// Positional makes a client send params by position, for servers that do not take them by
// name. A member that is not written, because it has the tag option omitzero, is null, or
// left out after the last one that is written. A server takes both forms, with or without
// this option.
func Positional() MethodOption {
	return methodOption(func(c *methodConfig) { c.positional = true })
}

// A NameOption is an [Option] and a [MethodOption].
type NameOption interface {
	Option
	MethodOption
}

// Named sets the name of the service that the operations belong to
// (endpoint.Operation.Service), in place of the name of the type that declares their
// fields. Telemetry tells services apart by it. It changes nothing on the wire.
//
// With a method, it is the name on both ends. A service with two fields of one type needs
// it for one of them. For [Mount], [Handler] and [Client], it is the name of all operations
// of that end whose methods have none. Two operations of one name are a construction error,
// and so is an empty name.
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
// lacks a scope with endpoint.ErrScopeMissing. The
// credentials are headers of the HTTP request. The check is made before the params are
// decoded, and neither the handler nor a layer inside the one that verifies sees the call.
//
// With [Mount], [Handler] and [Client] it holds for all methods of that end. Several Requires of one operation hold
// together. On a server, a layer must verify each scheme, and on a client, layers must send
// one of the alternatives; anything else is a construction error, and so is a nil
// requirement.
func Requires(anyOf ...endpoint.Requirement) RequireOption {
	return requireOption(slices.Clone(anyOf))
}

type requireOption []endpoint.Requirement

func (o requireOption) apply(c *config)             { c.AddRequired(o) }
func (o requireOption) applyMethod(c *methodConfig) { c.AddRequired(o) }

// Public lets anybody call an operation, whatever [Mount] requires. It lifts each
// [Requires] that stands before it, and none that is a fact of the service
// (endpoint.Requires).
func Public() MethodOption {
	return methodOption(func(c *methodConfig) { c.SetPublic() })
}

// Partial lets a service be served with the endpoint unset; the server then answers
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() MethodOption {
	return methodOption(func(c *methodConfig) { c.Partial = true })
}

// AllowUnknown ignores params that the type of the request does not have. Without it they
// are faults: to add a field to a request, deploy the servers first.
func AllowUnknown() MethodOption {
	return methodOption(func(c *methodConfig) { c.AllowUnknown = true })
}
