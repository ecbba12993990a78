package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// A Router is what [Mount] registers on: a chi router or an http.ServeMux. Its
// patterns begin with a method.
type Router interface {
	Handle(pattern string, h http.Handler)
}

// Mount serves every endpoint of svc on router, at the methods and the paths
// that its method HTTP describes. It registers nothing else: two services may
// share a path. Its error joins all that is wrong, each naming its place, and
// then nothing was registered, but for the routes before one that the router
// itself refuses.
func Mount(router Router, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	if router == nil {
		b.Fault("", errors.New("the router is nil"))
	}
	b.tryMux()
	if err := b.Err(); err != nil {
		return err
	}
	by := routerOf(router)
	for _, rt := range b.routes {
		rt.by = by
		rt.serve()
		pattern := rt.pattern.forServeMux()
		if by == chiLike {
			pattern = rt.pattern.forChi()
			if rt.op.Method == http.MethodGet {
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
	var c config
	rt := &route{
		types: types{reflect.TypeFor[Req](), reflect.TypeFor[Resp]()}, hasBody: true, anyBody: true, config: &c,
		field: service.Field{Name: "Handler", Path: fmt.Sprintf("Handler[%s, %s]", reflect.TypeFor[Req](), reflect.TypeFor[Resp]())},
	}
	rt.opts.setDefaults()
	for _, o := range opts {
		if o != nil {
			o.applyHandler(&c, &rt.opts)
		}
	}
	rt.op = &endpoint.Operation{Service: rt.opts.named, Transport: "http", Idempotent: rt.opts.idempotent, Fails: rt.opts.fails, StatusOf: rt.opts.statusOf}
	faults := append(append(c.faults, rt.opts.faults...), service.SameIdentities(rt.opts.fails)...)
	if e == nil && !rt.opts.partial {
		faults = append(faults, errors.New("the endpoint is nil"))
	}
	faults = append(faults, rt.bind(nil)...)
	stack, err := c.layers.Bind(rt.op, endpoint.ServerSide)
	if err = errors.Join(append(faults, err)...); err != nil {
		panic(fmt.Sprintf("httpx: %s: %v", rt.field.Path, err))
	}
	rt.endpoint = stack.Wrap(serve(rt, e))
	return rt
}

// ServeHTTP runs one call: it makes the Call, runs the layers around decoding,
// the endpoint and encoding, and then writes what came of it.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	x.rt, x.w, x.r = rt, w, r
	ctx, cancel := x.deadline(r.Context())
	if cancel != nil {
		defer cancel()
	}
	reply := w.Header()
	if rt.op.Streams&endpoint.ServerStream != 0 {
		reply = http.Header{} // heartbeats write the writer's own, at any time
	}
	ctx, x.call, _ = endpoint.StartCall(ctx, rt.op, endpoint.ServerSide,
		endpoint.HeaderView(r.Header, endpoint.HTTPForm), endpoint.HeaderView(reply, endpoint.HTTPForm))
	x.call.SetPeer(r.RemoteAddr)
	if rt.op.Streams != endpoint.Unary {
		rt.serveStream(ctx, x) // whose parts may be kept: x is not used again
		return
	}
	err := x.guard(func() error {
		_, err := rt.endpoint(ctx, x)
		return err
	})
	if err != nil {
		x.sendError(ctx, err)
	} else {
		x.send(ctx)
	}
	x.release()
}

// guard runs the layers and what they are around. A panic is an error from here
// on, but for http.ErrAbortHandler, which is a handler's way to break off.
func (x *exchange) guard(run func() error) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		v := recover()
		if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(v)
		}
		if v == nil { // the handler left its goroutine
			return
		}
		err = endpoint.NewPanicError(v)
	}()
	err = run()
	finished = true
	return err
}
