package thriftx

import (
	"context"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// An Option belongs to one end, to a server ([Register]) or to a client ([Client]).
type Option interface{ apply(c *config) }

// A MethodOption is declared with a method, and is true on both ends.
type MethodOption interface{ applyMethod(c *methodConfig) }

type config struct{ service.Config }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

type methodConfig struct{ service.Traits }

type methodOption func(c *methodConfig)

func (o methodOption) applyMethod(c *methodConfig) { o(c) }

// Use puts layers around every operation of the service, the first outermost and all of
// them outside what the endpoints are chained with. Several Use add up. On a server they
// run around the decoding of the request and the endpoint, on a client around the call.
func Use(layers ...endpoint.Layer) Option {
	layers = slices.Clone(layers)
	return option(func(c *config) { c.Use(layers) })
}

// ErrorHook calls f with the error of each call of a server that fails, whole and before
// it is cut down to what may be sent, and with panics (an *endpoint.PanicError). The error
// has the code that goes out; one of another code is its cause. f runs on the goroutine of
// the call. Several ErrorHooks are all called. It is for servers: on a client it is a
// construction error.
func ErrorHook(f func(ctx context.Context, err error)) Option {
	return option(func(c *config) { c.AddHook(f) })
}

// DefaultCallTimeout is how long a client waits for the answer to a call without a
// deadline, unless [CallTimeout] says otherwise.
const DefaultCallTimeout = shell.DefaultCallTimeout

// CallTimeout bounds the calls of a client that have no deadline once all layers have run.
// The error has the code DeadlineExceeded and the identity of resilience.ErrTimeout, and
// counts against the server. The default is [DefaultCallTimeout]. A d that is not positive
// is a construction error; [NoCallTimeout] sets no bound. The last of these options
// counts. It is for clients: on a server it is a construction error.
func CallTimeout(d time.Duration) Option { return option(func(c *config) { c.SetTimeout(d) }) }

// NoCallTimeout lets the calls of a client that have no deadline take as long as they
// like. See [CallTimeout].
func NoCallTimeout() Option { return option(func(c *config) { c.NoTimeout() }) }

// Fails declares errors of the operation. A server offers these to its [ResultMapping]. A
// declared error keeps its identity even if it came from a service behind this one. Two
// errors of one identity with different codes are a construction error.
func Fails(errs ...*endpoint.Error) MethodOption {
	errs = slices.Clone(errs)
	return methodOption(func(c *methodConfig) { c.AddFails(errs) })
}

// Idempotent declares that repeating the operation does no more than the first call did,
// so that retries may.
func Idempotent() MethodOption { return methodOption(func(c *methodConfig) { c.Idempotent = true }) }

// Partial lets a server be registered with the endpoint unset; it then answers
// Unimplemented. Without it a nil endpoint is a construction error.
func Partial() MethodOption { return methodOption(func(c *methodConfig) { c.Partial = true }) }

// A NameOption is an [Option] and a [MethodOption].
type NameOption interface {
	Option
	MethodOption
}

// Named sets the name of the service that the operations belong to
// (endpoint.Operation.Service), in place of the name of the type that declares their
// fields. It changes nothing on the wire. For [Register] and [Client], it is the name of
// all operations of that end whose methods have none. Two operations of one name are a
// construction error, and so is an empty name.
func Named(name string) NameOption { return nameOption(name) }

type nameOption string

func (o nameOption) apply(c *config)             { c.SetName(string(o)) }
func (o nameOption) applyMethod(c *methodConfig) { c.SetName(string(o)) }
