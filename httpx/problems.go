package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// ErrMethodNotAllowed is the error of a path that the server has, for other
// methods; the header Allow names them. Status 405.
var ErrMethodNotAllowed = own(http.StatusMethodNotAllowed, endpoint.Define(endpoint.Unimplemented, "endpoint", "METHOD_NOT_ALLOWED", "method not allowed"))

// Problems makes router answer the requests that none of its routes matches with
// problems, as routes do with errors. It returns the handler to serve. router is a chi
// router or an *http.ServeMux.
//
//   - A path that router does not have: 404, [ErrNoRoute].
//   - A path that router has for other methods: 405, [ErrMethodNotAllowed], with these
//     methods in one line Allow.
//   - OPTIONS of a path that router has: 204 with the same line.
//   - A method that no route of a chi router can have: 501 (RFC 9110 §15.6.2), also
//     ErrMethodNotAllowed. See chi.RegisterMethod.
//
// A request that a route matches does not pass through Problems. It costs nothing
// more, and its handler gets the response writer that router got.
//
// The other requests are calls of operations with the service "httpx" and the name
// "Problems". There is one for each method of RFC 9110, for PATCH (RFC 5789) and for
// QUERY (RFC 10008), and one for all other methods, with the method "_OTHER". The
// layers of [Use] run around these calls, and [ErrorHook] gets their errors. Formats
// is a fault. The operations are Unrouted: an observe.SLO does not count their calls,
// and an observe.Logger adds the path of the request.
// [MapErrors] gives the answers the form of a user's own error bodies.
//
// On a chi router, Problems sets the hooks NotFound and MethodNotAllowed. It replaces
// hooks that were set before, and a hook that is set later replaces that of Problems.
// chi passes hooks on to the chi routers that are mounted in router, unless they have
// hooks of their own, so one Problems for the outermost router is enough.
//
// On a ServeMux, Problems registers the pattern "/". If the mux already has that
// pattern, or "/{name...}", then its handler keeps answering the requests that no
// other pattern matches, and Problems does not. Registering "/" later panics, because
// the patterns conflict. Redirects of the mux stay as they are. Allow names the
// methods above only, so the answer is 404 for a path that has other methods only.
//
// Problems does not reach a router inside another handler. A router that is mounted
// with http.StripPrefix, behind a middleware, or in a router of the other kind needs
// its own:
//
//	r.Mount("/users", http.StripPrefix("/users", httpx.Problems(sub)))
//
// Problems panics with all faults of router, of the options and of the layers, joined,
// as [Handler] does. Call it before the server runs.
func Problems(router interface {
	Router
	http.Handler
}, opts ...Option,
) http.Handler {
	// See decision 121.
	var c service.Config
	var mapping []RouteOption
	c.Apply(opts, func(o Option) {
		if m, ok := o.(*errorMap); ok {
			mapping = append(mapping, m)
			return
		}
		o.apply(&c)
	})
	if c.HasName() {
		c.Fault("option Named is for services")
	}
	if c.HasFormats() {
		c.Fault("option Formats is for routes: problems are JSON")
	}
	faults := c.Check(endpoint.ServerSide)
	if err := checkRouter(router); err != nil {
		faults = append(faults, err)
	}
	u, err := newUnrouted(&c, mapping)
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
	if service.IsNil(router) {
		return errors.New("the router is nil")
	}
	switch router.(type) {
	case *http.ServeMux, chi.Router:
		return nil
	}
	return fmt.Errorf("the router is a %T; it must be a chi router or an *http.ServeMux", router)
}

// muxProblems is an http.ServeMux whose pattern "/" answers the requests that no other
// pattern matches.
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

// register registers the pattern "/", unless the mux has it already.
func (p *muxProblems) register() {
	defer func() { _ = recover() }() // only an equal pattern conflicts with "/"
	p.mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "" // no route matched: middlewares around the mux may label by it
		p.calls.ServeHTTP(w, r)
	}))
}

func (p *muxProblems) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect && r.URL.Path == "" {
		p.calls.ServeHTTP(w, r) // "CONNECT host:443" has no path, so not even "/" matches it
		return
	}
	p.mux.ServeHTTP(w, r)
}

// methods returns the known methods for which the mux has a route, or a redirect to one.
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

// chiProblems is a chi router whose hooks answer the requests that no route matches.
type chiProblems struct {
	router chi.Router
	places sync.Map // of chiMounts to chiPlace
}

// setChiHooks sets the hooks of a chi router.
func setChiHooks(router chi.Router, calls *unroutedCalls) {
	p := &chiProblems{router: router}
	router.NotFound(calls.answering(noRoute).ServeHTTP)
	refused := calls.answering(func(x *exchange) error { return notAllowed(x, p.methods(x.r)) })
	unknown := calls.unknown.answering(func(*exchange) error { return ErrMethodNotAllowed })
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if ctx := chi.RouteContext(r.Context()); ctx != nil && ctx.RouteMethod != "" {
			method = ctx.RouteMethod // which a middleware may set
		}
		if !chiKnows(method) {
			serveUnrouted(unknown, w, r)
			return
		}
		refused.ServeHTTP(w, r)
	})
}

// chiKnows reports whether chi routers can have routes for a method. If they cannot, chi
// calls the hook MethodNotAllowed without looking at the path.
func chiKnows(method string) bool {
	if slices.Contains(knownMethods, method) {
		return true
	}
	// Only a router tells whether chi.RegisterMethod was called with it.
	probe := chi.NewRouter()
	probe.Handle("/", http.NotFoundHandler())
	return probe.Match(chi.NewRouteContext(), method, "/")
}

// methods returns the known methods for which there is a route at the path of a request.
func (p *chiProblems) methods(r *http.Request) []string {
	path := cmp.Or(r.URL.RawPath, r.URL.Path, "/")
	at, inPath := chiPlace{p.router, p.router}, path
	if ctx := chi.RouteContext(r.Context()); ctx != nil && ctx.Routes != nil {
		at, inPath = p.place(ctx), cmp.Or(ctx.RoutePath, path)
	}
	probe := chi.NewRouteContext()
	has := func(router chi.Routes, method, path string) bool {
		probe.Reset()
		return router.Match(probe, method, path)
	}
	// In the outer router there may be a route for the path beside the mount. Match also
	// reports true for the path of the mount itself, but then for every method.
	beside := !has(at.top, r.Method, path)
	var methods []string
	for _, method := range knownMethods {
		if has(at.in, method, inPath) || beside && has(at.top, method, path) {
			methods = append(methods, method)
		}
	}
	return methods
}

// A chiPlace is where chi found no route: in the router in. Mounts lead to it from top.
type chiPlace struct{ top, in chi.Routes }

// chiMounts are the mounts that chi followed from a router, by their patterns.
type chiMounts struct {
	from     *chi.Mux
	patterns string
}

// place returns where chi found no route. A router copies all its routes to list them, so
// the result is kept. There are at most three results for each mount.
func (p *chiProblems) place(ctx *chi.Context) chiPlace {
	from, ok := ctx.Routes.(*chi.Mux)
	if !ok || len(ctx.RoutePatterns) == 0 {
		return p.findPlace(ctx)
	}
	mounts := chiMounts{from, strings.Join(ctx.RoutePatterns, " ")}
	if known, ok := p.places.Load(mounts); ok {
		return known.(chiPlace)
	}
	at := p.findPlace(ctx)
	p.places.Store(mounts, at)
	return at
}

func (p *chiProblems) findPlace(ctx *chi.Context) chiPlace {
	top := ctx.Routes
	in, rest := chiDescend(top, ctx.RoutePatterns)
	for len(rest) > 0 {
		// The handler that is mounted at rest[0] is not a chi router. The router with the
		// hook is inside it, directly or further down.
		top = p.router
		in, rest = chiDescend(top, rest[1:])
	}
	return chiPlace{top, in}
}

// chiDescend follows mounts from a router as long as chi routers are mounted there. It
// returns the last router and the mounts that are left.
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

// chiMounted returns the chi router that is mounted at a pattern, or nil. chi's Mount adds
// routes for "/sub" and "/sub/" that Routes does not list, beside "/sub/*".
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
