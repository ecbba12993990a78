package netrpcx

import (
	"context"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// An Option belongs to one end, to a server ([NewServer]) or to a client ([Client]).
type Option interface{ apply(c *config) }

// A MethodOption is declared with a method, and is true on both ends.
type MethodOption interface{ applyMethod(c *methodConfig) }

type config struct {
	service.Config

	json           bool
	maxMessage     int64
	messageTimeout time.Duration
	replyTimeout   time.Duration
	idle           time.Duration
	calls          int // of one connection
}

func (c *config) setDefaults() {
	c.maxMessage, c.messageTimeout, c.replyTimeout = DefaultMaxMessage, DefaultMessageTimeout, DefaultReplyTimeout
	c.idle, c.calls = DefaultIdleTimeout, DefaultMaxCalls
	c.Reading = service.NewBudget(service.DefaultReadBudget)
}

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Use puts layers around every operation of the service, the first outermost and all of
// them outside what the endpoints are chained with. Several Use add up. On a server they run
// around the endpoint and encoding, once the request has been read. A request that names no
// method of the service, or cannot be read, is a call of an operation that is Unrouted. On a
// client they run around encoding, the exchange and decoding.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *config) { c.Use(layers) })
}

// JSON makes an end speak the protocol of net/rpc/jsonrpc in place of gob. Both ends must do
// so: the protocol has no negotiation.
func JSON() Option { return option(func(c *config) { c.json = true }) }

// ErrorHook calls f with the error of each call of a server that fails, whole and before it
// is cut down to what may be sent; with panics (an *endpoint.PanicError), with requests that
// cannot be read, and with answers that could not be written. The error has the code that
// goes out; one of another code is its cause. endpoint.ServerFault reports whether the call
// counts against this server. f runs on the goroutine of the call. endpoint.CallFrom(ctx)
// says which operation it was. Several ErrorHooks are all called. It is for servers: on a
// client it is a construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *config) { c.AddHook(f) })
}

// CallTimeout bounds the calls of a client that have no deadline, as httpx.CallTimeout does.
// The default is 30 s; d must be positive. The last of CallTimeout and [NoCallTimeout]
// counts. It is for clients: on a server it is a construction error.
func CallTimeout(d time.Duration) Option {
	return option(func(c *config) { c.SetTimeout(d) })
}

// NoCallTimeout lets the calls of a client that have no deadline take as long as they like.
// It is for clients: on a server it is a construction error.
func NoCallTimeout() Option {
	return option(func(c *config) { c.NoTimeout() })
}

// DefaultMaxMessage is how many bytes a request may have unless [MaxMessage] says otherwise:
// 1 MiB.
const DefaultMaxMessage = 1 << 20

// MaxMessage sets how many bytes a request may have, without its header and the descriptions
// of types that gob sends once on a connection. A larger one is answered with
// [ErrMessageTooLarge]. If it is larger by more than 16 MiB, the connection is closed after
// that. The default is [DefaultMaxMessage]; n must be positive. It is for servers: on a client
// it is a construction error.
func MaxMessage(n int64) Option {
	return option(func(c *config) {
		c.OnlyServer("MaxMessage")
		if n <= 0 {
			c.Fault("option MaxMessage: %d is not positive", n)
			return
		}
		c.maxMessage = n
	})
}

// ReadBudget sets how many bytes of requests all connections of a server hold while the rest
// of these requests has not come. A request that finds nothing left is answered with the
// reason OUT_OF_CAPACITY. The default is 64 MiB; bytes must be positive. It is for servers: on
// a client it is a construction error.
func ReadBudget(bytes int64) Option {
	return option(func(c *config) { c.SetReadBudget(bytes) })
}

// DefaultMessageTimeout is how long a server waits for the rest of a request unless
// [MessageTimeout] says otherwise.
const DefaultMessageTimeout = 10 * time.Second

// MessageTimeout sets how long a request may take from its first byte to its last. A
// connection whose request takes longer is closed, once its calls in flight are answered. The
// default is [DefaultMessageTimeout]; d must be positive. It is for servers: on a client it is
// a construction error.
func MessageTimeout(d time.Duration) Option {
	return serverTime("MessageTimeout", d, func(c *config) { c.messageTimeout = d })
}

// DefaultReplyTimeout is how long a server waits for a client to take a response unless
// [ReplyTimeout] says otherwise.
const DefaultReplyTimeout = 10 * time.Second

// ReplyTimeout sets how long a client may take to take a response. A connection whose client
// takes longer is closed, earlier, by at most a second and at most an eighth of d. The default
// is [DefaultReplyTimeout]; d must be positive. It is for servers: on a client it is a
// construction error.
func ReplyTimeout(d time.Duration) Option {
	return serverTime("ReplyTimeout", d, func(c *config) { c.replyTimeout = d })
}

// DefaultIdleTimeout is how long a server keeps a connection without a call unless
// [IdleTimeout] says otherwise. It is long, because the clients of net/rpc do not connect
// again.
const DefaultIdleTimeout = time.Hour

// IdleTimeout sets how long a server keeps a connection that has no call. The default is
// [DefaultIdleTimeout]; d must be positive. It is for servers: on a client it is a
// construction error.
func IdleTimeout(d time.Duration) Option {
	return serverTime("IdleTimeout", d, func(c *config) { c.idle = d })
}

// serverTime is an option of servers with a time that must be positive.
func serverTime(name string, d time.Duration, set func(c *config)) Option {
	return option(func(c *config) {
		c.OnlyServer(name)
		if d <= 0 {
			c.Fault("option %s: the time must be positive, got %v", name, d)
			return
		}
		set(c)
	})
}

// DefaultMaxCalls is how many calls of one connection run at the same time unless [MaxCalls]
// says otherwise.
const DefaultMaxCalls = 100

// MaxCalls sets how many calls of one connection run at the same time. The server does not
// read the next request before one of them has ended, nor does it notice until then that the
// client has gone. The default is [DefaultMaxCalls]; n must
// be positive. It is for servers: on a client it is a construction error.
func MaxCalls(n int) Option {
	return option(func(c *config) {
		c.OnlyServer("MaxCalls")
		if n <= 0 {
			c.Fault("option MaxCalls: %d is not positive", n)
			return
		}
		c.calls = n
	})
}

type methodConfig struct{ service.Traits }

type methodOption func(c *methodConfig)

func (o methodOption) applyMethod(c *methodConfig) { o(c) }

// Fails declares errors of the operation. They keep their identity over the wire in any
// case; a declared one does so also when it came from a service behind this one. Two errors
// of one identity with different codes are a construction error.
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
// fields. Telemetry tells services apart by it. It changes nothing on the wire.
//
// With a method, it is the name on both ends. A service with two fields of one type needs
// it for one of them. For [NewServer] and [Client], it is the name of all operations of that
// end whose methods have none. Two operations of one name are a construction error, and so
// is an empty name.
func Named(name string) NameOption { return nameOption(name) }

type nameOption string

func (o nameOption) apply(c *config)             { c.SetName(string(o)) }
func (o nameOption) applyMethod(c *methodConfig) { c.SetName(string(o)) }

// Partial lets a service be served with the endpoint unset; the server then answers
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() MethodOption {
	return methodOption(func(c *methodConfig) { c.Partial = true })
}

// AllowUnknown ignores members of a request in JSON that its type does not have. Without it
// they are faults. gob always ignores them.
func AllowUnknown() MethodOption {
	return methodOption(func(c *methodConfig) { c.AllowUnknown = true })
}
