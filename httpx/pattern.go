package httpx

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// pattern is the path of a route in the form of http.ServeMux: {name} for one
// segment, {name...} at the end for the rest. A trailing slash is part of the
// path and matches nothing more.
type pattern struct {
	text     string
	segments []segment
}

type segment struct {
	literal string // without slashes
	name    string // of a wildcard, else empty
	rest    bool
}

// parsePattern returns all faults of a pattern at once.
func parsePattern(text string) (pattern, []error) {
	p := pattern{text: text}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("pattern %q: %s", text, fmt.Sprintf(format, args...)))
	}
	if !strings.HasPrefix(text, "/") {
		fault("it does not begin with a slash")
		return p, faults
	}
	parts := strings.Split(text[1:], "/")
	names := map[string]bool{}
	for i, part := range parts {
		s := segment{literal: part}
		last := i == len(parts)-1
		switch {
		case part == "" && !last:
			fault("it has an empty segment")
		case part == "." || part == "..":
			fault("it has the segment %q", part)
		case strings.ContainsAny(part, "{}"):
			var why string
			if s, why = wildcard(part); why != "" {
				fault("%s", why)
			}
			if s.rest && !last {
				fault("{%s...} is not at its end", s.name)
			}
			if names[s.name] && s.name != "" {
				fault("{%s} is in it twice", s.name)
			}
			names[s.name] = true
		default:
			if c, ok := strange(part); ok {
				fault("segment %q has the character %q, which is not plain in a path; wildcards are {name} and {name...}", part, c)
			}
		}
		p.segments = append(p.segments, s)
	}
	return p, faults
}

// strange returns the first character that some clients and routers escape in
// a path, so that the others would not find it: all but a part of RFC 3986's
// pchar.
func strange(part string) (rune, bool) {
	for _, c := range part {
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && !strings.ContainsRune("-._~$&+,;=:@", c) {
			return c, true
		}
	}
	return 0, false
}

func wildcard(part string) (segment, string) {
	inner, ok := strings.CutPrefix(part, "{")
	inner, ok2 := strings.CutSuffix(inner, "}")
	if !ok || !ok2 || strings.ContainsAny(inner, "{}") {
		return segment{}, fmt.Sprintf("segment %q is not a wildcard as a whole", part)
	}
	if inner == "$" {
		return segment{}, "{$} is not needed: a trailing slash matches nothing more"
	}
	name, rest := strings.CutSuffix(inner, "...")
	if strings.Contains(name, ":") {
		return segment{}, fmt.Sprintf("segment %q has a regular expression, which only one router knows; check the value in the endpoint", part)
	}
	if !isIdentifier(name) {
		return segment{}, fmt.Sprintf("the name of the wildcard %q is not an identifier", part)
	}
	return segment{name: name, rest: rest}, ""
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if c != '_' && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z') && (i == 0 || !('0' <= c && c <= '9')) {
			return false
		}
	}
	return s != ""
}

// wildcardNames returns the names in the order of the path.
func (p pattern) wildcardNames() []string {
	var names []string
	for _, s := range p.segments {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// forServeMux returns the pattern as http.ServeMux takes it.
func (p pattern) forServeMux() string {
	if strings.HasSuffix(p.text, "/") {
		return p.text + "{$}"
	}
	return p.text
}

// forChi returns the pattern as chi takes it.
func (p pattern) forChi() string {
	last := p.segments[len(p.segments)-1]
	if !last.rest {
		return p.text
	}
	return strings.TrimSuffix(p.text, "{"+last.name+"...}") + "*"
}

// router says how a router gives the values of path wildcards.
type router uint8

const (
	unknownRouter router = iota // of a Handler, which is not mounted by us
	serveMux
	onChi
)

// routerOf tells chi from http.ServeMux.
func routerOf(r Router) router {
	if _, ok := r.(chi.Router); ok {
		return onChi
	}
	return serveMux
}

// pathValue returns the value of a wildcard, unescaped exactly once. ok is false
// if it is not valid. ServeMux gives values unescaped; chi gives a part of the path that
// it routed by, which may be the escaped path.
func (by router) pathValue(r *http.Request, s segment) (value string, ok bool) {
	name := s.name
	if by == onChi && s.rest {
		name = "*"
	}
	v := r.PathValue(name)
	switch {
	case by == serveMux || r.URL.RawPath == "" || !strings.Contains(v, "%"):
		return v, true
	case by == onChi && !routedEscaped(r), by == unknownRouter && !takenEscaped(r, name, v):
		return v, true
	}
	v, err := url.PathUnescape(v)
	return v, err == nil
}

// routedEscaped reports whether chi routed r by its escaped path, not by the plain one.
// By itself chi takes the escaped path, but a middleware may have set another, and
// StripSlashes takes the plain one.
//
// The path that was routed is the end of the one or of the other, without slashes at its
// end. It cannot be the end of both, unless no escape is in it: unescaping makes a text
// shorter and takes no slash away, and the routed path begins with one.
func routedEscaped(r *http.Request) bool {
	ctx := chi.RouteContext(r.Context())
	if ctx == nil || ctx.RoutePath == "" {
		return true
	}
	routed := strings.TrimRight(ctx.RoutePath, "/")
	endsWith := func(whole string) bool {
		return strings.HasSuffix(strings.TrimRight(whole, "/"), routed) || strings.HasSuffix(path.Clean(whole), routed)
	}
	switch {
	case endsWith(r.URL.RawPath):
		return true
	case endsWith(r.URL.Path):
		return false
	}
	return strings.Contains(r.URL.RawPath, routed) // a middleware removed an extension
}

// takenEscaped says that a router took v, the value of a wildcard, from the
// escaped path. The pattern, which routers set, tells where in the path it is,
// counted from the end: a prefix may be stripped.
func takenEscaped(r *http.Request, name, v string) bool {
	_, after, ok := strings.Cut(r.Pattern, "{"+name+"}")
	if !ok || strings.HasSuffix(after, "*") || strings.HasSuffix(after, "...}") {
		return hasSegment(r.URL.RawPath, v)
	}
	after = strings.TrimSuffix(strings.TrimSuffix(after, "{$}"), "/")
	segments := strings.Split(strings.TrimSuffix(r.URL.RawPath, "/"), "/")
	i := len(segments) - 1 - strings.Count(after, "/")
	return i >= 0 && segments[i] == v
}

// hasSegment says that v stands between slashes in path.
func hasSegment(path, v string) bool {
	for rest := path; ; {
		i := strings.Index(rest, "/"+v)
		if i < 0 {
			return false
		}
		rest = rest[i+1+len(v):]
		if rest == "" || rest[0] == '/' {
			return true
		}
	}
}

// appendEscaped appends one path value in the form in which it stays one
// segment: also "." and "..", which everything on the way would resolve.
func appendEscaped(dst []byte, v string, rest bool) []byte {
	if rest {
		for i, part := range strings.Split(v, "/") {
			if i > 0 {
				dst = append(dst, '/')
			}
			dst = appendEscaped(dst, part, false)
		}
		return dst
	}
	switch v {
	case ".":
		return append(dst, "%2E"...)
	case "..":
		return append(dst, "%2E%2E"...)
	}
	return append(dst, url.PathEscape(v)...)
}
