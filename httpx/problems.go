package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/unrouted"
)

// ErrMethodNotAllowed is the error of a path that the server has, for other
// methods; the header Allow names them. Status 405.
var ErrMethodNotAllowed = own(http.StatusMethodNotAllowed, endpoint.Define(endpoint.Unimplemented, "endpoint", "METHOD_NOT_ALLOWED", "method not allowed"))

// Problems makes router answer in the toolkit's form to the requests that none of its
// routes matches, and returns the handler to serve. router is a chi router or an
// *http.ServeMux.
//
//   - A path that router does not have is 404, [ErrNoRoute].
//   - A path that it has for other methods is 405, [ErrMethodNotAllowed], with the
//     methods in one line Allow.
//   - OPTIONS of a path that it has is 204 with the same line.
//   - A method that a chi router does not know at all is 501 (RFC 9110 §15.6.2), with
//     the error ErrMethodNotAllowed.
//
// Requests that a route matches are served by router alone: Problems costs them
// nothing, changes no answer of a handler, and the handler gets the response writer
// that the server made.
//
// The other requests are calls of the operation "httpx.Problems", of which there is
// one for each method that RFC 9110, RFC 5789 (PATCH) or RFC 10008 (QUERY) defines,
// and one with the method "_OTHER" for all others. The layers of [Use] run around
// them, and an [ErrorHook] gets their errors; [Formats] is a fault. The operations
// are [endpoint.Operation.Unrouted]: an observe.SLO does not count them, and an
// observe.Logger writes the path of the request.
//
// On a chi router, Problems sets the hooks NotFound and MethodNotAllowed. They
// replace those that were set before, and a hook that is set later replaces them. chi
// passes the hooks of a router on to the chi routers that are mounted in it, unless
// these have hooks of their own, so the outermost router is enough.
//
// On a ServeMux, Problems registers the pattern "/". If the mux already has a handler
// for it (or for "/{name...}"), that handler keeps answering all requests that no
// other pattern matches, and the options have no effect. To register "/" afterwards
// is a conflict, which the mux reports by a panic. Redirects of the mux stay as they
// were. Allow names the methods above only; a path that has no method but others is
// 404.
//
// A router inside another handler is not reached from outside: one that is mounted by
// http.StripPrefix, behind a middleware, or in a router of the other kind, needs a
// Problems of its own:
//
//	r.Mount("/users", http.StripPrefix("/users", httpx.Problems(sub)))
//
// Problems panics with all that is wrong with router, with the options and with the
// layers, as [Handler] does. Call it before the server runs.
func Problems(router interface {
	Router
	http.Handler
}, opts ...Option) http.Handler {
	// See decision 121.
	var c service.Config
	c.Apply(opts, func(o Option) { o.apply(&c) })
	if c.HasFormats() {
		c.Fault("option Formats is for routes: problems are JSON")
	}
	faults := c.Check(endpoint.ServerSide)
	if err := checkRouter(router); err != nil {
		faults = append(faults, err)
	}
	u, err := newUnrouted(&c)
	if err = errors.Join(append(faults, err)...); err != nil {
		panic(fmt.Sprintf("httpx: Problems: %v", err))
	}
	if mux, ok := router.(*http.ServeMux); ok {
		return newMuxProblems(mux, u)
	}
	setChiHooks(router.(chi.Router), u)
	return router
}

// checkRouter returns why Problems cannot work on a router, or nil.
func checkRouter(router Router) error {
	isNil := false
	switch r := router.(type) {
	case nil:
		isNil = true
	case *http.ServeMux:
		isNil = r == nil
	case *chi.Mux:
		isNil = r == nil
	case chi.Router:
	default:
		return fmt.Errorf("the router is a %T; it must be a chi router or an *http.ServeMux", router)
	}
	if isNil {
		return errors.New("the router is nil")
	}
	return nil
}

// otherMethod stands for all methods that are not in knownMethods, as in
// OpenTelemetry's semantic conventions.
const otherMethod = "_OTHER"

// knownMethods are those of RFC 9110, of RFC 5789 and of RFC 10008, in the order in
// which Allow names them. chi knows the same ones by default.
var knownMethods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, "QUERY", http.MethodTrace,
}

// unroutedCalls serves requests that no route matches: each is a call of the
// operation of its method. See decision 122.
type unroutedCalls struct {
	byMethod map[string]*route
	other    *route
	unknown  *route // of methods that no route can have
}

// newUnrouted makes the operations and binds the layers to them, or returns the
// faults of the layers. What the calls answer is set by answering.
func newUnrouted(c *service.Config) (*unroutedCalls, error) {
	u := &unroutedCalls{byMethod: make(map[string]*route, len(knownMethods))}
	var faults [2]error
	u.other, faults[0] = newUnroutedRoute(c, otherMethod)
	u.unknown, faults[1] = newUnroutedRoute(c, otherMethod, ErrorStatus(ErrMethodNotAllowed, http.StatusNotImplemented))
	for _, method := range knownMethods {
		var err error
		if u.byMethod[method], err = newUnroutedRoute(c, method); err != nil {
			return nil, err // mostly, the faults are the same for each operation
		}
	}
	return u, cmp.Or(faults[0], faults[1])
}

func newUnroutedRoute(c *service.Config, method string, opts ...RouteOption) (*route, error) {
	rt := &route{config: c, field: service.Field{Path: "Problems", Service: "httpx", Name: "Problems"}}
	rt.opts.setDefaults()
	for _, o := range opts {
		o.applyRoute(&rt.opts)
	}
	rt.op, _ = rt.opts.NewOperation(rt.field, endpoint.ServerSide, endpoint.Operation{
		Transport: "http", Method: method, Unrouted: true, StatusOf: rt.opts.statusOf,
	})
	var err error
	rt.stack, err = c.Layers.Bind(rt.op)
	return rt, err
}

// answering returns the calls of the same operations with an answer. It runs inside
// the layers, so a limit among them bounds its cost.
func (u *unroutedCalls) answering(answer func(x *exchange) error) *unroutedCalls {
	with := func(rt *route) *route {
		answered := *rt
		answered.serveUnary = rt.stack.Wrap(func(_ context.Context, x *exchange) (endpoint.Empty, error) {
			return endpoint.Empty{}, answer(x)
		})
		return &answered
	}
	answered := &unroutedCalls{byMethod: make(map[string]*route, len(u.byMethod)), other: with(u.other), unknown: with(u.unknown)}
	for method, rt := range u.byMethod {
		answered.byMethod[method] = with(rt)
	}
	return answered
}

// ServeHTTP serves a request that no route matches.
func (u *unroutedCalls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, ok := u.byMethod[r.Method]
	if !ok {
		rt = u.other
	}
	serveUnrouted(rt, w, r)
}

func serveUnrouted(rt *route, w http.ResponseWriter, r *http.Request) {
	rt.ServeHTTP(w, r.WithContext(unrouted.WithPath(r.Context(), loggedPath(r))))
}

// loggedPath returns the start of the path that the client sent, without its query.
func loggedPath(r *http.Request) string {
	const most = 256
	path, _, _ := strings.Cut(r.RequestURI, "?") // as it was before a prefix was stripped
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath()
	}
	if len(path) > most {
		path = path[:most]
	}
	return clean(path)
}

// noRoute answers a path that the router does not have.
func noRoute(*exchange) error { return ErrNoRoute }

// notAllowed answers a path that the router has for these methods only, if any.
func notAllowed(x *exchange, methods []string) error {
	if len(methods) == 0 {
		return ErrNoRoute
	}
	if !slices.Contains(methods, http.MethodOptions) {
		methods = append(methods, http.MethodOptions)
		slices.Sort(methods)
	}
	x.reply().Set("Allow", strings.Join(methods, ", "))
	if x.r.Method != http.MethodOptions {
		return ErrMethodNotAllowed
	}
	x.status = http.StatusNoContent
	x.call.SetStatus(x.status)
	return nil
}

// muxProblems is an http.ServeMux whose pattern "/" answers what no other one matches.
type muxProblems struct {
	mux   *http.ServeMux
	calls *unroutedCalls
}

func newMuxProblems(mux *http.ServeMux, calls *unroutedCalls) *muxProblems {
	p := &muxProblems{mux: mux}
	p.calls = calls.answering(func(x *exchange) error { return notAllowed(x, p.methods(x.r)) })
	p.register()
	return p
}

// register adds the pattern "/", unless the mux has it.
func (p *muxProblems) register() {
	defer func() { _ = recover() }() // only an equal pattern conflicts with "/"
	p.mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "" // no route matches, so nothing around the mux should see one
		p.calls.ServeHTTP(w, r)
	}))
}

func (p *muxProblems) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect && r.URL.Path == "" {
		p.calls.ServeHTTP(w, r) // CONNECT host:443 has no path that a pattern could match
		return
	}
	p.mux.ServeHTTP(w, r)
}

// methods returns which of knownMethods the mux has a route for, or a redirect to one.
func (p *muxProblems) methods(r *http.Request) []string {
	var methods []string
	probe := *r
	for _, method := range knownMethods {
		probe.Method = method
		if _, pattern := p.mux.Handler(&probe); pattern != "" && pattern != "/" {
			methods = append(methods, method)
		}
	}
	return methods
}

// setChiHooks makes a chi router answer by calls.
func setChiHooks(router chi.Router, calls *unroutedCalls) {
	router.NotFound(calls.answering(noRoute).ServeHTTP)

	others := calls.answering(func(x *exchange) error { return notAllowed(x, chiMethods(router, x.r)) })
	unknown := calls.answering(func(*exchange) error { return ErrMethodNotAllowed }).unknown
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if ctx := chi.RouteContext(r.Context()); ctx != nil && ctx.RouteMethod != "" {
			method = ctx.RouteMethod // which a middleware may set
		}
		if !chiKnows(method) {
			serveUnrouted(unknown, w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// chiKnows reports whether chi routers can have routes for a method. For one that they
// cannot, they do not look at the path.
func chiKnows(method string) bool {
	if slices.Contains(knownMethods, method) {
		return true
	}
	// It may be one of chi.RegisterMethod.
	probe := chi.NewRouter()
	probe.Handle("/", http.NotFoundHandler())
	return probe.Match(chi.NewRouteContext(), method, "/")
}

// chiMethods returns which of knownMethods there is a route for, where chi found none for
// the request. router has the hook that answers, or chi passed it on from router to the
// routers mounted there.
func chiMethods(router chi.Router, r *http.Request) []string {
	path := cmp.Or(r.URL.RawPath, r.URL.Path, "/")
	top, in, inPath := chi.Routes(router), chi.Routes(router), path
	if ctx := chi.RouteContext(r.Context()); ctx != nil && ctx.Routes != nil {
		top, in = chiRouters(ctx, router)
		inPath = cmp.Or(ctx.RoutePath, path)
	}
	has := func(router chi.Routes, method, path string) bool {
		return router.Match(chi.NewRouteContext(), method, path)
	}
	// Beside a mount, top may have a route of its own for the path. It also says that it
	// has one where it has the mount only; but then it says so for every method.
	beside := !has(top, r.Method, path)
	var methods []string
	for _, method := range knownMethods {
		if has(in, method, inPath) || beside && has(top, method, path) {
			methods = append(methods, method)
		}
	}
	return methods
}

// chiRouters returns the router in which chi found no route, and the outermost one from
// which mounts lead to it. The patterns of the mounts are in ctx.
func chiRouters(ctx *chi.Context, router chi.Router) (top, in chi.Routes) {
	top = ctx.Routes
	in, rest := chiDescend(top, ctx.RoutePatterns)
	for len(rest) > 0 {
		// The handler at rest[0] is not a chi router, but router is in it, or below it.
		top = router
		in, rest = chiDescend(top, rest[1:])
	}
	return top, in
}

// chiDescend follows mounts from a router, as long as chi routers are mounted there. It
// returns the last of them and the rest of the mounts.
func chiDescend(in chi.Routes, mounts []string) (chi.Routes, []string) {
	for i, pattern := range mounts {
		sub := chiMounted(in, pattern)
		if sub == nil {
			return in, mounts[i:]
		}
		in = sub
	}
	return in, nil
}

// chiMounted returns the router that is mounted at a pattern, or nil. Mount adds
// routes for "/sub" and "/sub/" beside the one that it lists, "/sub/*".
func chiMounted(in chi.Routes, pattern string) chi.Routes {
	if !strings.HasSuffix(pattern, "/*") {
		pattern = strings.TrimSuffix(pattern, "/") + "/*"
	}
	for _, route := range in.Routes() {
		if route.Pattern == pattern {
			return route.SubRoutes
		}
	}
	return nil
}
