package httpxtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// An Option sets up a [Client].
type Option interface {
	CheckOption
	isOption()
}

// A CheckOption sets up a [Check].
type CheckOption interface{ apply(c *config) }

type config struct {
	both, server, client []httpx.Option
	handler              http.Handler

	seed     uint64
	requests int
	values   map[string][]string // by place
	valid    map[unsafe.Pointer][]any
	skipped  map[unsafe.Pointer]string // the reasons
	prepare  []func(r *http.Request)
	faults   []error
}

func (c *config) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func configOf[O CheckOption](opts []O) (*config, error) {
	c := &config{requests: DefaultRequests, values: map[string][]string{}, valid: map[unsafe.Pointer][]any{}, skipped: map[unsafe.Pointer]string{}}
	for _, o := range opts {
		if any(o) == nil {
			c.fault("a nil option")
			continue
		}
		o.apply(c)
	}
	if c.handler != nil && len(c.server) > 0 {
		c.fault("option OnServer has no effect beside Handler, which is set up already")
	}
	return c, errors.Join(c.faults...)
}

type option func(c *config)

func (o option) apply(c *config) { o(c) }
func (o option) isOption()       {}

type checkOption func(c *config)

func (o checkOption) apply(c *config) { o(c) }

// OnServer sets options of the server that the service is mounted with, such as
// httpx.Use. Several OnServer add up.
func OnServer(opts ...httpx.Option) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) { c.server = append(c.server, opts...) })
}

// OnClient sets options of the typed client. Several OnClient add up.
func OnClient(opts ...httpx.Option) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) { c.client = append(c.client, opts...) })
}

// OnBoth sets options of both ends, such as httpx.Formats. They come before those of one end.
// Several OnBoth add up.
func OnBoth(opts ...httpx.Option) Option {
	opts = slices.Clone(opts)
	return option(func(c *config) { c.both = append(c.both, opts...) })
}

// Handler is what serves the requests in place of the service: the router of the program, for
// example, with its middlewares. The service is then the declaration alone, and is not
// mounted. A nil handler is a fault, and so is OnServer beside it.
func Handler(h http.Handler) Option {
	return option(func(c *config) {
		if c.handler = h; h == nil {
			c.fault("option Handler: the handler is nil")
		}
	})
}

// DefaultRequests is how many valid requests at random [Check] sends to each route, unless
// [Requests] says otherwise.
const DefaultRequests = 20

// Requests sets how many valid requests at random are sent to each route, beside those at and
// beyond the bounds of rules. The default is [DefaultRequests]. n must be positive.
func Requests(n int) CheckOption {
	return checkOption(func(c *config) {
		if c.requests = n; n <= 0 {
			c.fault("option Requests: %d is not positive", n)
		}
	})
}

// Seed sets where the requests at random begin. The default is 0, so that a check is the same
// each time.
func Seed(n uint64) CheckOption { return checkOption(func(c *config) { c.seed = n }) }

// Values sets values that are valid at a place, in all routes: "path:id" with ids that exist,
// or a pointer into a body such as "/kind". Requests have one of them there. Values of a body
// that is not a text are JSON. It replaces earlier Values of the place.
func Values(place string, values ...string) CheckOption {
	values = slices.Clone(values)
	return checkOption(func(c *config) {
		if len(values) == 0 {
			c.fault("option Values: there is no value for %q", place)
		}
		c.values[place] = values
	})
}

// Valid sets valid requests of an endpoint, which is a field of the service. They are sent
// beside those made at random, and the first is what requests at the bounds of rules are made
// from. Check needs it where it cannot find a valid request by itself, because of a method
// Validate for example.
func Valid[Req, Resp any](e *endpoint.Endpoint[Req, Resp], requests ...Req) CheckOption {
	all := make([]any, len(requests))
	for i, r := range requests {
		all[i] = r
	}
	return checkOption(func(c *config) { c.valid[unsafe.Pointer(e)] = append(c.valid[unsafe.Pointer(e)], all...) })
}

// Skip leaves out an endpoint, which is a field of the service. The reason is logged, and must
// not be empty.
func Skip[Req, Resp any](e *endpoint.Endpoint[Req, Resp], reason string) CheckOption {
	return checkOption(func(c *config) {
		if c.skipped[unsafe.Pointer(e)] = reason; reason == "" {
			c.fault("option Skip: the reason is empty")
		}
	})
}

// Prepare calls f with each request before it is sent, to give it credentials for example.
// Several Prepare are called in order. A nil f is a fault.
func Prepare(f func(r *http.Request)) CheckOption {
	return checkOption(func(c *config) {
		if f == nil {
			c.fault("option Prepare: the function is nil")
			return
		}
		c.prepare = append(c.prepare, f)
	})
}
