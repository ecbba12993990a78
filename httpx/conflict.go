package httpx

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/go-chi/chi/v5"
)

// checkChi adds a fault for each route that a chi router has already among its known
// routes, perhaps with other names of the wildcards. chi would replace it without a word, where http.ServeMux
// panics. See decision 171.
func (b *build) checkChi(known map[string]chi.Route) {
	for _, rt := range b.routes {
		if len(rt.pattern.segments) == 0 {
			continue // it is a fault already
		}
		there := known[nameless(rt.pattern.forChi())]
		h, ok := there.Handlers[rt.op.Method]
		if !ok {
			continue
		}
		if chained, ok := h.(*chi.ChainHandler); ok {
			h = chained.Endpoint
		}
		other, ours := h.(*route)
		switch _, everyMethod := there.Handlers["*"]; {
		case ours:
			b.Fault(rt.field.Path, fmt.Errorf("the router already has %q, which is %s", rt.op.Method+" "+there.Pattern, other.field.Path))
		case !everyMethod: // a handler for every method is more general
			b.Fault(rt.field.Path, fmt.Errorf("the router already has %q", rt.op.Method+" "+there.Pattern))
		}
	}
}

// hasHead reports whether a chi router has a handler for HEAD of its own at a pattern,
// which the GET of a service does not replace.
func hasHead(known map[string]chi.Route, pattern string) bool {
	there := known[nameless(pattern)]
	_, head := there.Handlers[http.MethodHead]
	_, everyMethod := there.Handlers["*"]
	return head && !everyMethod
}

// chiRoutes returns the routes of a chi router by their patterns without names.
func chiRoutes(router chi.Router) map[string]chi.Route {
	known := map[string]chi.Route{}
	for _, r := range router.Routes() {
		known[nameless(r.Pattern)] = r
	}
	return known
}

var wildcardName = regexp.MustCompile(`\{[^{}:]*`)

// nameless returns a pattern of chi without the names of its wildcards, by which chi
// does not tell patterns apart.
func nameless(pattern string) string { return wildcardName.ReplaceAllString(pattern, "{") }
