package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Router is what [Mount] registers on: a chi router or an http.ServeMux. Its
// patterns begin with a method.
type Router interface {
	Handle(pattern string, h http.Handler)
}

// Mount serves every endpoint of svc on router, at the methods and the paths
// that its method HTTP describes. It registers nothing else: two services may
// share a path, but not a method of it, whatever the names of its wildcards. Its
// error joins all that is wrong, each naming its place, and then nothing was
// registered, but for the routes before one that the router itself refuses.
func Mount(router Router, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	if service.IsNil(router) {
		b.Fault("", errors.New("the router is nil"))
		return b.Err()
	}
	b.tryMux()
	var known map[string]chi.Route
	by := routerOf(router)
	if by == onChi {
		known = chiRoutes(router.(chi.Router))
		b.checkChi(known)
	}
	if err := b.Err(); err != nil {
		return err
	}
	for _, rt := range b.routes {
		rt.by = by
		rt.serve()
		pattern := rt.pattern.forServeMux()
		if by == onChi {
			pattern = rt.pattern.forChi()
			if rt.op.Method == http.MethodGet && !hasHead(known, pattern) {
				b.register(router, rt, http.MethodHead+" "+pattern)
			}
		}
		b.register(router, rt, rt.op.Method+" "+pattern)
	}
	return b.Err()
}

// tryMux registers the routes on a router of its own first, so that two that
// conflict with each other are found before the user's router has one of them.
func (b *build) tryMux() {
	mux := http.NewServeMux()
	if b.Err() != nil {
		return
	}
	for _, rt := range b.routes {
		b.register(mux, rt, rt.op.Method+" "+rt.pattern.forServeMux())
	}
}

// register turns a router's panic into a fault.
func (b *build) register(router Router, rt *route, pattern string) {
	defer func() {
		if r := recover(); r != nil {
			b.Fault(rt.field.Path, fmt.Errorf("the router refuses %q: %v", pattern, r))
		}
	}()
	router.Handle(pattern, rt)
}

// Handler serves one endpoint, which belongs to no service, on whatever method
// and path it is registered for. Whether it has a body depends on the request.
// It takes options of services and of routes, and panics with all that is wrong
// with them and with the types, as regexp.MustCompile does.
func Handler[Req, Resp any](e endpoint.Endpoint[Req, Resp], opts ...HandlerOption) http.Handler {
	h := &single{opts: opts}
	shell.Erase(&e, h)
	return h.route
}

// single is the one endpoint of a Handler.
type single struct {
	opts  []HandlerOption
	route *route
}

// Add makes the route of e.
func (s *single) Add(e *shell.Endpoint) {
	var c service.Config
	name := fmt.Sprintf("Handler[%s, %s]", e.Req, e.Resp)
	rt := &route{
		endpoint: e, types: typesOf(e, endpoint.Unary), hasBody: true, anyBody: true, config: &c,
		field: service.Field{Name: "Handler", Path: name},
	}
	rt.opts.setDefaults()
	c.Reading = service.NewBudget(DefaultReadBudget)
	c.Apply(s.opts, func(o HandlerOption) { o.applyHandler(&c, &rt.opts) })
	op, faults := rt.opts.NewOperation(service.Field{}, endpoint.ServerSide, endpoint.Operation{Transport: "http", StatusOf: rt.opts.statusOf, SizeOf: rt.sizeOfError})
	rt.op = op
	faults = slices.Concat(c.Check(endpoint.ServerSide), rt.opts.Faults, faults, rt.bindErrors(), rt.bindRules(), rt.bind(nil))
	if e.IsNil() && !rt.opts.Partial {
		faults = append(faults, service.ErrNil)
	}
	stack, err := c.Layers.Bind(rt.op)
	if err = errors.Join(append(faults, err)...); err != nil {
		panic(fmt.Sprintf("httpx: %s: %v", name, err))
	}
	rt.stack = stack
	rt.serve()
	s.route = rt
}

// serve takes the endpoint from its field and puts the layers around it.
func (rt *route) serve() {
	rt.endpoint.Read()
	before, after := rt.stack.Split()
	switch rt.op.Streams {
	case endpoint.Unary:
		rt.serveUnary = before.Wrap(afterReading(after, rt.unary))
	case endpoint.ServerStream:
		rt.serveEvents = before.Wrap(afterReading(after, rt.serverStream))
	case endpoint.ClientStream:
		rt.serveLines = before.Wrap(rt.afterFirstLine(after))
	case endpoint.Bidi:
		rt.serveBoth = rt.stack.Wrap(rt.bidi)
	}
}

// run calls the endpoint, and decodes and encodes around it.
func (rt *route) run(ctx context.Context, x *exchange) error {
	if rt.endpoint.IsNil() {
		return shell.Unimplemented(rt.field.Name)
	}
	return shell.Cancelled(ctx, rt.endpoint.Serve(ctx, x))
}

// unary is the innermost part of a route without streams.
func (rt *route) unary(ctx context.Context, x *exchange) (endpoint.Empty, error) {
	return endpoint.Empty{}, rt.run(ctx, x)
}

// ServeHTTP runs one call: it makes the Call, runs the layers around decoding,
// the endpoint and encoding, and then writes what came of it.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	x.rt, x.w, x.r = rt, w, r
	x.setAround(w.Header())
	ctx, deadline, cancel := x.deadline(r.Context())
	if cancel != nil {
		defer cancel()
	}
	reply := w.Header()
	x.outer = reply["Content-Type"]
	if rt.op.Streams&endpoint.ServerStream != 0 {
		reply = http.Header{} // heartbeats write the writer's own, at any time
	}
	ctx, x.call, _ = endpoint.StartCall(ctx, rt.op, endpoint.HTTPHeader(r.Header), endpoint.HTTPHeader(reply))
	x.wire = rt.config.Hooks.WireOf(ctx, rt.stack)
	x.wire.Origin = (*origin)(r)
	x.wire.Set(deadline) // and not one that a middleware of this process set
	x.call.SetPeer(r.RemoteAddr)
	if rt.prefixes != nil {
		if prefix := rt.by.prefix(r); prefix != "" {
			x.wire.Route = rt.routeBelow(prefix)
		}
	}
	if rt.op.Streams != endpoint.Unary {
		rt.serveStream(ctx, x) // whose parts may be kept: x is not used again
		return
	}
	defer func() {
		x.done()
		x.release()
	}()
	err := guard(func() error {
		_, err := rt.serveUnary(ctx, x)
		return err
	})
	if err != nil {
		x.sendError(ctx, err)
	} else {
		x.send(ctx)
	}
}

// guard runs the layers and the code inside them. A panic is an error from here
// on, but for http.ErrAbortHandler, which is a handler's way to break off.
func guard(run func() error) error { return shell.Guard(isAbort, run) }

func isAbort(v any) bool { return v == http.ErrAbortHandler } //nolint:errorlint // net/http compares it so
