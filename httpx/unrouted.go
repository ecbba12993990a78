package httpx

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/unrouted"
)

// otherMethod is the method of operations for all methods that are not known. It is the
// one of OpenTelemetry's semantic conventions.
const otherMethod = "_OTHER"

// knownMethods are the methods of RFC 9110, RFC 5789 and RFC 10008, sorted. chi and
// OpenTelemetry know the same ones.
var knownMethods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, "QUERY", http.MethodTrace,
}

// unroutedCalls serves requests that no route matches. Each is a call of the operation
// for its method. See decision 122.
type unroutedCalls struct {
	byMethod map[string]*route
	other    *route
	unknown  *route // for methods that no route can have
}

// newUnrouted makes the operations and binds the layers to them, or returns the faults
// of the layers. answering sets what the calls do.
func newUnrouted(c *service.Config, opts []RouteOption) (*unroutedCalls, error) {
	u := &unroutedCalls{byMethod: make(map[string]*route, len(knownMethods))}
	var faults [2]error
	u.other, faults[0] = newUnroutedRoute(c, otherMethod, opts...)
	u.unknown, faults[1] = newUnroutedRoute(c, otherMethod, append(slices.Clip(opts), ErrorStatus(ErrMethodNotAllowed, http.StatusNotImplemented))...)
	for _, method := range knownMethods {
		var err error
		if u.byMethod[method], err = newUnroutedRoute(c, method, opts...); err != nil {
			return nil, err // the other operations mostly have the same faults
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
		Transport: "http", Method: method, Unrouted: true, StatusOf: rt.opts.statusOf, SizeOf: rt.sizeOfError,
	})
	faults := append(rt.opts.Faults, rt.bindErrors()...)
	stack, err := c.Layers.Bind(rt.op)
	rt.stack = stack
	return rt, errors.Join(append(faults, err)...)
}

// answering returns unroutedCalls of the same operations that call answer.
func (u *unroutedCalls) answering(answer func(x *exchange) error) *unroutedCalls {
	answered := &unroutedCalls{byMethod: make(map[string]*route, len(u.byMethod)), other: u.other.answering(answer)}
	for method, rt := range u.byMethod {
		answered.byMethod[method] = rt.answering(answer)
	}
	return answered
}

// answering returns a route of the same operation that calls answer. It runs inside the
// layers, so a limiter among them bounds its cost.
func (rt *route) answering(answer func(x *exchange) error) *route {
	answered := *rt
	answered.serveUnary = rt.stack.Wrap(func(_ context.Context, x *exchange) (endpoint.Empty, error) {
		return endpoint.Empty{}, answer(x)
	})
	return &answered
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

// loggedPath returns the first 256 bytes of the path that the client sent.
func loggedPath(r *http.Request) string {
	const most = 256
	path, _, _ := strings.Cut(r.RequestURI, "?") // including a prefix that was stripped
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath()
	}
	if len(path) > most {
		path = path[:most]
	}
	return problem.Clean(path)
}

// noRoute answers a path that the router does not have.
func noRoute(*exchange) error { return ErrNoRoute }

// notAllowed answers a path that the router has for these methods only, or not at all.
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
