package httpx

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Service is a user's pointer to a struct of endpoints, which describes
// itself to HTTP by one method with a pointer receiver. The method names every
// endpoint of the struct once, by its address; it runs whenever the service is
// mounted, and whenever a client is made.
type Service interface {
	HTTP(r *Routes)
}

// Routes is what a [Service] describes itself to: each of its methods is one
// route. On a server it reads the field, on a client it writes it. Req and Resp
// are the types of the endpoint. A Routes is valid during the call of HTTP: a zero
// one, and one that is used later, panic.
type Routes struct {
	build  *build
	prefix string
	opts   []RouteOption
}

// GET adds a route whose parameters are in the path and the query. A HEAD of the
// same path is answered too.
func (r *Routes) GET[Req, Resp any](path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, "GET", path, opts})
}

// POST adds a route that is not idempotent unless it says so.
func (r *Routes) POST[Req, Resp any](path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, "POST", path, opts})
}

// PUT adds an idempotent route with a body.
func (r *Routes) PUT[Req, Resp any](path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, "PUT", path, opts})
}

// PATCH adds a route that is not idempotent unless it says so.
func (r *Routes) PATCH[Req, Resp any](path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, "PATCH", path, opts})
}

// DELETE adds an idempotent route. If its request has no members outside of the path,
// the query, headers and cookies, the body of a request is ignored, as that of a GET is.
func (r *Routes) DELETE[Req, Resp any](path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, "DELETE", path, opts})
}

// Handle adds a route with any method. The path has the form of http.ServeMux,
// with {name} for one segment and {name...} for the rest; a slash at its end is
// part of it.
func (r *Routes) Handle[Req, Resp any](method, path string, e *endpoint.Endpoint[Req, Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Unary, method, path, opts})
}

// Omit declares that the endpoint is not part of this transport: a server does
// not serve it, and on a client it fails with the code Unimplemented.
func (r *Routes) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(r))
}

// Under returns Routes whose paths begin with prefix, with options for all of
// them, to describe a part of a service or a service within it. The path "" is
// the prefix itself, "/" is the prefix with a slash at its end.
func (r *Routes) Under(prefix string, opts ...RouteOption) *Routes {
	all := append(slices.Clone(r.opts), opts...)
	return &Routes{build: r.build, prefix: r.prefix + strings.TrimSuffix(prefix, "/"), opts: all}
}

// types are those of the messages of a route, or of the items of its streams.
type types struct{ req, resp reflect.Type }

// typesOf returns the types of an endpoint that is described as of a kind.
func typesOf(e *shell.Endpoint, kind endpoint.StreamKind) types {
	t := types{e.Req, e.Resp}
	if kind&endpoint.ClientStream != 0 {
		t.req, _ = endpoint.StreamItem(e.Req)
	}
	if kind&endpoint.ServerStream != 0 {
		t.resp, _ = endpoint.StreamItem(e.Resp)
	}
	return t
}

// route is one route on one end.
type route struct {
	op       *endpoint.Operation
	endpoint *shell.Endpoint
	pattern  pattern
	opts     routeConfig
	types    types
	in, out  []*binding // for each format that is read, and that is written
	reads    []string   // the media types of in
	writes   []string   // the media types of out
	by       router
	field    service.Field
	anyBody  bool // of a Handler: whether there is a body is the request's matter
	stack    endpoint.Stack
	hasBody  bool
	config   *service.Config
	prefixes *prefixes // of all routes of the Mount; nil of a Handler
	below    *sync.Map // of prefixes to *string, the pattern with the prefix

	rules           *constraint.Plan // of requests, or of the items of a request stream
	inItem, outItem *item            // the plans of the items of streams
	errors          []codec.Format   // of the bodies of MapErrors; nil: problems

	// The shells of a server, one for each kind of operation.
	serveUnary  endpoint.Endpoint[*exchange, endpoint.Empty]
	serveEvents endpoint.Endpoint[*exchange, endpoint.Stream[event]]
	serveLines  endpoint.Endpoint[endpoint.Stream[line], endpoint.Empty]
	serveBoth   endpoint.Endpoint[endpoint.Stream[line], endpoint.Stream[event]]
}

// build is the description of one service while it is made, on one end.
type build struct {
	*service.Description
	end    endpoint.Side
	config service.Config
	routes []*route

	prefixes  prefixes
	decoders  []errorDecoder // of a client
	described bool           // the method HTTP has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "httpx", Method: "HTTP", Name: "HTTP"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.Reading = service.NewBudget(DefaultReadBudget)
	b.config.Apply(opts, func(o Option) {
		o.apply(&b.config)
		if f, ok := o.(errorDecoder); ok {
			b.decoders = append(b.decoders, f)
		}
	})
	b.Options(&b.config)
	if !b.Walk(svc) {
		return b
	}
	svc.HTTP(&Routes{build: b})
	b.complete()
	b.described = true
	return b
}

// open returns the description that r adds to.
func (r *Routes) open() *build {
	if r == nil || r.build == nil || r.build.described {
		panic("httpx: a Routes is valid during the call of the method HTTP only")
	}
	return r.build
}

// An omission adds endpoints that are not part of the transport.
type omission Routes

func (o *omission) Add(e *shell.Endpoint) { (*Routes)(o).open().Omit(e) }

// A part is a route before its endpoint is known.
type part struct {
	in     *Routes
	kind   endpoint.StreamKind
	method string
	path   string
	opts   []RouteOption
}

// Add plans the route of e.
func (p *part) Add(e *shell.Endpoint) {
	r, b := p.in, p.in.open()
	full := r.prefix + p.path
	f, traits, ok := b.Describe(e, p.method+" "+full)
	if !ok {
		return
	}
	rt := &route{endpoint: e, types: typesOf(e, p.kind), field: f, config: &b.config, prefixes: &b.prefixes, below: new(sync.Map)}
	rt.opts.setDefaults()
	rt.opts.Traits = traits
	rt.opts.Apply(append(slices.Clone(r.opts), p.opts...), func(o RouteOption) { o.applyRoute(&rt.opts) })
	for _, err := range rt.plan(b.end, p.kind, p.method, full) {
		b.Fault(f.Path, err)
	}
	b.routes = append(b.routes, rt)
}

// plan makes the operation and the bindings of a route, and returns what is
// wrong with it.
func (rt *route) plan(side endpoint.Side, kind endpoint.StreamKind, method, path string) []error {
	faults := rt.opts.Faults
	p, more := parsePattern(path)
	rt.pattern = p
	faults = append(faults, more...)
	if !isToken(method) || method != strings.ToUpper(method) {
		faults = append(faults, fmt.Errorf("method %q is not an upper-case token", method))
	}
	if method == "CONNECT" || method == "TRACE" || method == "OPTIONS" || method == "HEAD" {
		faults = append(faults, fmt.Errorf("method %s cannot be an operation", method))
	}
	rt.hasBody = method != "GET"
	var clashes []error
	rt.config.Complete(&rt.opts.Traits)
	rt.op, clashes = rt.opts.NewOperation(rt.field, side, endpoint.Operation{
		Transport: "http", Method: method, Pattern: path, Streams: kind,
		Idempotent: method == "GET" || method == "PUT" || method == "DELETE", StatusOf: rt.opts.statusOf, SizeOf: rt.sizeOfError,
	})
	faults = append(faults, clashes...)
	for _, t := range []reflect.Type{rt.types.req, rt.types.resp} {
		if _, ok := endpoint.StreamItem(t); ok {
			return append(faults, fmt.Errorf("a Stream is no message of %s, which takes one request and one response; use ServerStream, ClientStream or Bidi", method))
		}
	}
	faults = append(faults, rt.bindErrors()...)
	faults = append(faults, rt.bindRules()...)
	faults = append(faults, rt.checkExamples()...)
	if len(more) > 0 {
		return faults // the bindings would repeat them
	}
	if kind != endpoint.Unary {
		return append(faults, rt.bindStream(&rt.pattern)...)
	}
	return append(faults, rt.bind(&rt.pattern)...)
}

// bind plans the messages of a route in each of its formats. A fault that they
// share is told once.
func (rt *route) bind(p *pattern) []error {
	return append(rt.bindRequests(p), rt.bindResponses()...)
}

func (rt *route) bindRequests(p *pattern) []error {
	var faults []error
	for _, f := range rt.inFormats() {
		in, errs := bindRequest(rt.types.req, p, rt.hasBody, f, codec.Options{AllowUnknown: rt.opts.AllowUnknown, Partly: rt.rules != nil})
		rt.in, rt.reads = append(rt.in, in), append(rt.reads, f.MediaType())
		faults = addFaults(faults, "request", errs)
	}
	if rt.op.Method == http.MethodDelete && rt.in[0].empty {
		rt.hasBody = false // See decision 169.
	}
	return faults
}

func (rt *route) bindResponses() []error {
	var faults []error
	for _, f := range rt.outFormats() {
		out, errs := bindResponse(rt.types.resp, f)
		rt.out, rt.writes = append(rt.out, out), append(rt.writes, f.MediaType())
		faults = addFaults(faults, "response", errs)
	}
	if out := rt.out[0]; bodiless(rt.opts.status) && out.status == nil && !out.empty && out.typ != reflect.TypeFor[*endpoint.Empty]() {
		faults = append(faults, fmt.Errorf("option Status: %d has no body, and the response has one: %s", rt.opts.status, out.holds))
	}
	return faults
}

// addFaults adds faults of a message that are not there already.
func addFaults(faults []error, message string, errs []error) []error {
	for _, err := range errs {
		err = fmt.Errorf("%s: %w", message, err)
		if !slices.ContainsFunc(faults, func(known error) bool { return known.Error() == err.Error() }) {
			faults = append(faults, err)
		}
	}
	return faults
}

func (rt *route) inFormats() []codec.Format {
	switch {
	case rt.opts.requestCodec != nil:
		return []codec.Format{rt.opts.requestCodec}
	case isForm(rt.types.req):
		return []codec.Format{codec.Form()}
	}
	return rt.config.Formats()
}

func (rt *route) outFormats() []codec.Format {
	if rt.opts.responseCodec != nil {
		return []codec.Format{rt.opts.responseCodec}
	}
	return rt.config.Formats()
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, rt := range b.routes {
		rt.stack = b.Operation(rt.endpoint, rt.op, "at "+rt.op.Method+" "+rt.op.Pattern, b.config.Layers, rt.opts.Partial)
	}
	b.Clashes()
}
