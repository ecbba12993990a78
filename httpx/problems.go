package httpx

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/typedkit/endpoint"
)

// ErrMethodNotAllowed is the error of a path that the server has, for other
// methods; the header Allow names them. Status 405.
var ErrMethodNotAllowed = own(http.StatusMethodNotAllowed, endpoint.Define(endpoint.Unimplemented, "endpoint", "METHOD_NOT_ALLOWED", "method not allowed"))

// Problems returns router, a chi router or an http.ServeMux, with the router's
// own answers in the toolkit's form: its 404 and 405 are problems, a 405 has one
// line Allow, OPTIONS of a path that exists is 204 with that line, and a method
// that the router knows nowhere is 501. It goes once around the outermost
// router. What handlers answer passes as it is, also a 404 of theirs.
//
// A router's own answers are known by their texts. What a handler of one path
// answers passes even so, if router itself, and no middleware around it, is
// given; that of a subtree ("/files/", "/files/*", what chi's Mount is given)
// may be another router's. It panics at construction if router is nil.
func Problems(router http.Handler) http.Handler {
	if router == nil {
		panic("httpx: Problems: the router is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := problemWriters.Get().(*problemWriter)
		p.ResponseWriter, p.r, p.router = w, r, router
		defer func() {
			*p = problemWriter{}
			problemWriters.Put(p)
		}()
		router.ServeHTTP(p, r)
		p.finish()
	})
}

var problemWriters = sync.Pool{New: func() any { return new(problemWriter) }}

// problemWriter holds a 404 and a 405 back until it is known whose they are.
type problemWriter struct {
	http.ResponseWriter
	r      *http.Request
	router http.Handler
	held   int // a status that is not sent yet
	drop   bool
	sent   bool
}

// The texts by which net/http's router and chi are known.
var (
	notFoundText   = []byte("404 page not found\n")
	notAllowedText = []byte("Method Not Allowed\n")
)

// WriteHeader holds the status of what may be the router's own answer.
func (p *problemWriter) WriteHeader(status int) {
	if p.held != 0 || p.drop {
		return
	}
	if !p.sent && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && p.plain() {
		p.held = status
		return
	}
	if status >= 200 {
		p.sent = true
	}
	p.ResponseWriter.WriteHeader(status)
}

// plain says that the answer has the type of a router's own, or none.
func (p *problemWriter) plain() bool {
	t := p.Header().Get("Content-Type")
	return t == "" || strings.HasPrefix(t, "text/plain")
}

// Write drops the text of a router's own answer and lets all else pass.
func (p *problemWriter) Write(b []byte) (int, error) {
	switch {
	case p.drop, p.held != 0 && len(b) == 0: // chi writes nothing, but writes
		return len(b), nil
	case p.held == http.StatusNotFound && bytes.Equal(b, notFoundText), p.held == http.StatusMethodNotAllowed && bytes.Equal(b, notAllowedText):
		if !p.handled() {
			p.drop = true
			return len(b), nil
		}
	}
	p.pass()
	p.sent = true
	return p.ResponseWriter.Write(b)
}

// pass sends a held status, which was a handler's.
func (p *problemWriter) pass() {
	if p.held != 0 {
		status := p.held
		p.held, p.sent = 0, true
		p.ResponseWriter.WriteHeader(status)
	}
}

// finish answers in place of the router. A 405 without a body is chi's; a 404
// without one is a handler's.
func (p *problemWriter) finish() {
	switch {
	case p.held == 0:
		return
	case !p.drop && (p.held == http.StatusNotFound || p.handled()):
		p.pass()
		return
	}
	h := p.Header()
	e := ErrNoRoute
	status := statusOf(e, nil)
	switch {
	case p.held == http.StatusMethodNotAllowed && len(h["Allow"]) == 0:
		// A router that names no method does not know this one at all, whatever
		// the path (RFC 9110 §15.6.2).
		e, status = ErrMethodNotAllowed, http.StatusNotImplemented
	case p.held == http.StatusMethodNotAllowed:
		e, status = ErrMethodNotAllowed, statusOf(ErrMethodNotAllowed, nil)
		h["Allow"] = []string{oneLine(h["Allow"], "OPTIONS")}
		if p.r.Method == http.MethodOptions {
			for _, k := range []string{"Content-Type", "Content-Length", "X-Content-Type-Options"} {
				h.Del(k)
			}
			p.ResponseWriter.WriteHeader(http.StatusNoContent)
			return
		}
	}
	body := appendProblem(nil, e, status)
	problemHeader(h, e, status)
	h.Set("Content-Length", itoa(len(body)))
	p.ResponseWriter.WriteHeader(status)
	if p.r.Method != http.MethodHead {
		_, _ = p.ResponseWriter.Write(body) // nobody is left to tell
	}
}

// handled says that the router found a handler of one path for the request.
func (p *problemWriter) handled() bool {
	if pattern := p.r.Pattern; pattern != "" { // of an http.ServeMux
		return !strings.HasSuffix(pattern, "/") && !strings.HasSuffix(pattern, "...}")
	}
	path := p.r.URL.RawPath
	if path == "" {
		path = p.r.URL.Path
	}
	return chiHandles(p.router, p.r.Method, path)
}

// oneLine joins lists of methods into one, sorted, each once.
func oneLine(lines []string, more ...string) string {
	methods := more
	for _, line := range lines {
		for m := range strings.SplitSeq(line, ",") {
			if m = strings.TrimSpace(m); m != "" {
				methods = append(methods, m)
			}
		}
	}
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}

// Flush is for handlers that ask for an http.Flusher by type.
func (p *problemWriter) Flush() {
	p.pass()
	p.sent = true
	_ = http.NewResponseController(p.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (p *problemWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
