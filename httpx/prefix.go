package httpx

import (
	"net/http"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
)

// maxPrefixes is how many prefixes of a Mount are told apart. That of http.StripPrefix is
// known from each request only, and another middleware may take it from what was sent.
const maxPrefixes = 16

// otherPrefix stands for all further ones.
const otherPrefix = "other"

// prefix returns the part of the route in front of the pattern that was registered: what
// http.StripPrefix has cut off, and on chi the patterns of Mount. A ServeMux below a Mount
// still routes by the whole path.
func (by router) prefix(r *http.Request) string {
	cut := stripped(r)
	if by != onChi {
		return cut
	}
	ctx := chi.RouteContext(r.Context())
	if ctx == nil || len(ctx.RoutePatterns) < 2 {
		return cut
	}
	var prefix strings.Builder
	prefix.WriteString(cut)
	for _, mounted := range ctx.RoutePatterns[:len(ctx.RoutePatterns)-1] {
		prefix.WriteString(strings.TrimSuffix(mounted, "/*"))
	}
	return prefix.String()
}

// stripped returns what was cut off the path of the request line, or "".
func stripped(r *http.Request) string {
	whole, _, _ := strings.Cut(r.RequestURI, "?")
	rest := r.URL.Path
	if len(whole) == len(rest) || !strings.HasPrefix(whole, "/") {
		return ""
	}
	if strings.Contains(whole, "%") {
		rest = r.URL.EscapedPath()
	}
	prefix, ok := strings.CutSuffix(whole, rest)
	if !ok || rest == "" {
		return ""
	}
	return prefix
}

// prefixes are those below which the routes of one Mount were called.
type prefixes struct {
	mu    sync.Mutex // guards the field below
	known map[string]bool
}

// admit reports whether a prefix is told apart from others.
func (p *prefixes) admit(prefix string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known[prefix] && len(p.known) >= maxPrefixes {
		return false
	}
	if p.known == nil {
		p.known = map[string]bool{}
	}
	p.known[prefix] = true
	return true
}

// routeBelow returns the pattern of rt with a prefix.
func (rt *route) routeBelow(prefix string) *string {
	if whole, ok := rt.below.Load(prefix); ok {
		return whole.(*string)
	}
	if prefix != otherPrefix && !rt.prefixes.admit(prefix) {
		return rt.routeBelow(otherPrefix)
	}
	pattern := prefix + rt.op.Pattern
	whole, _ := rt.below.LoadOrStore(prefix, &pattern)
	return whole.(*string)
}
