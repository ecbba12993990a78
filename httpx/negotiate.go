package httpx

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
)

// Errors of a request whose form the server does not serve. They come before
// its body is read.
var (
	// ErrUnsupportedMediaType is the error of a body in a type, a charset or a
	// content coding that the route does not read. Status 415.
	ErrUnsupportedMediaType = own(http.StatusUnsupportedMediaType, endpoint.Define(endpoint.InvalidArgument, "endpoint", "UNSUPPORTED_MEDIA_TYPE", "unsupported media type"))
	// ErrNotAcceptable is the error of a request that accepts no type that the
	// route writes. Status 406.
	ErrNotAcceptable = own(http.StatusNotAcceptable, endpoint.Define(endpoint.InvalidArgument, "endpoint", "NOT_ACCEPTABLE", "no acceptable representation"))
)

// sameOrigin finds the requests of a page of another origin. It has no options.
var sameOrigin = http.NewCrossOriginProtection()

// readsType returns the place in types of the one that the request's body has;
// the first where the request does not say. A page of another origin must say,
// unless the method is safe: a browser sends a body without a type, as it sends a
// text or a form, without asking the server first (CORS). See decision 127.
func readsType(r *http.Request, types []string) (int, error) {
	lines := r.Header["Content-Type"]
	if len(lines) == 0 {
		if sameOrigin.Check(r) != nil {
			return 0, ErrUnsupportedMediaType.With("a body from another origin needs a content type; accepted: %s", strings.Join(types, ", "))
		}
		return 0, nil
	}
	for _, other := range lines[1:] {
		if other != lines[0] {
			return 0, ErrUnsupportedMediaType.With("more than one content type")
		}
	}
	for i, t := range types {
		// What nearly all clients send needs no parser.
		if params, ok := strings.CutPrefix(lines[0], t); ok && (params == "" || params == "; charset=utf-8") {
			return i, nil
		}
	}
	return readsParsed(lines[0], types)
}

// coding is the content coding of a body.
type coding uint8

const (
	identityCoding coding = iota
	gzipCoding
)

// readsCoding returns the coding of the request's body. Codings upon codings
// are refused: each could grow what the one before it grew.
func readsCoding(r *http.Request) (coding, error) {
	lines := r.Header["Content-Encoding"]
	if len(lines) == 0 {
		return identityCoding, nil
	}
	switch strings.ToLower(strings.Join(lines, ",")) {
	case "", "identity":
		return identityCoding, nil
	case "gzip", "x-gzip":
		return gzipCoding, nil
	}
	return 0, ErrUnsupportedMediaType.With("the content coding is not supported; accepted: gzip, identity")
}

func readsParsed(line string, types []string) (int, error) {
	media, params, err := mime.ParseMediaType(line)
	if err != nil {
		return 0, ErrUnsupportedMediaType.With("the content type is malformed; accepted: %s", strings.Join(types, ", "))
	}
	for i, t := range types {
		if !sameType(media, t) {
			continue
		}
		if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
			return 0, ErrUnsupportedMediaType.With("the charset is not supported; send UTF-8")
		}
		return i, nil
	}
	return 0, ErrUnsupportedMediaType.With("the content type is not supported; accepted: %s%s", strings.Join(types, ", "), formHint(media, types))
}

// formHint tells the author of a command line about a type that curl chose, if media is
// that type.
func formHint(media string, types []string) string {
	switch {
	case media != formType:
		return ""
	case slices.Contains(types, "application/json"):
		return "; curl -d sends " + formType + " unless --json or -H Content-Type is given"
	}
	return "; curl -d sends " + formType + " unless -H Content-Type is given"
}

// formType is the type of a form, which is what curl and browsers send unless they are
// told otherwise.
const formType = "application/x-www-form-urlencoded"

// sameType reports whether a media type is that of a format. A structured suffix does
// not make it the same: a body of application/merge-patch+json is JSON, but does not
// mean what a body of application/json means. See decision 168.
func sameType(media, format string) bool {
	return strings.EqualFold(media, withoutParams(format))
}

// withoutParams returns a media type without its parameters.
func withoutParams(media string) string {
	media, _, _ = strings.Cut(media, ";")
	return strings.TrimRight(media, " \t")
}

// writesType returns the place in types of the one that the request likes best
// (RFC 9110 §12.5.1), the first of equals; the first where it does not say.
func writesType(r *http.Request, types []string) (int, error) {
	lines := r.Header["Accept"]
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "*/*" {
		return 0, nil
	}
	// Our clients name the type first and problems after it. Whatever follows an
	// element without a weight, nothing is liked better than it.
	if rest, ok := strings.CutPrefix(lines[0], types[0]); ok && (rest == "" || rest[0] == ',') {
		return 0, nil
	}
	ranges, ok := parseAccept(strings.Join(lines, ","))
	if !ok || len(ranges) == 0 {
		return 0, nil // malformed counts as absent
	}
	best, bestQ := -1, 0
	for i, t := range types {
		if q := quality(ranges, t); q > bestQ {
			best, bestQ = i, q
		}
	}
	if best < 0 {
		return 0, ErrNotAcceptable.With("no acceptable representation; offered: %s", strings.Join(types, ", "))
	}
	return best, nil
}

// mediaRange is one element of Accept. q is in thousandths.
type mediaRange struct {
	top, sub string
	params   bool // it has parameters other than charset
	q        int
}

// quality returns the q of the most specific range that a type is in. No format has
// the parameters that a range may ask for, such as a version. A range with parameters
// still includes the type, because an answer without them is of more use than 406. A
// range without them is more specific, and one that excludes parameters (q=0) says
// nothing about the type. See decision 168.
func quality(ranges []mediaRange, media string) int {
	top, sub, _ := strings.Cut(strings.ToLower(withoutParams(media)), "/")
	q, best := 0, -1
	for _, r := range ranges {
		specific := -1
		switch {
		case r.params && r.q == 0:
		case r.top == top && r.sub == sub:
			specific = 4
		case r.top == top && r.sub == "*":
			specific = 2
		case r.top == "*" && r.sub == "*":
			specific = 0
		}
		if specific >= 0 && !r.params {
			specific++
		}
		if specific > best {
			best, q = specific, r.q
		}
	}
	return q
}

// parseAccept reads an Accept header; ok is false if it is malformed.
func parseAccept(line string) (ranges []mediaRange, ok bool) {
	for line != "" {
		var element string
		element, line = cutUnquoted(line, ',')
		if element == "" {
			continue
		}
		m, ok := parseRange(element)
		if !ok {
			return nil, false
		}
		ranges = append(ranges, m)
	}
	return ranges, true
}

func parseRange(element string) (m mediaRange, ok bool) {
	media, params := cutUnquoted(element, ';')
	top, sub, found := strings.Cut(strings.ToLower(media), "/")
	if !found || !isToken(top) || !isToken(sub) || top == "*" && sub != "*" {
		return m, false
	}
	m = mediaRange{top: top, sub: sub, q: 1000}
	for weighed := false; params != ""; {
		var p string
		p, params = cutUnquoted(params, ';')
		key, value, found := strings.Cut(p, "=")
		switch {
		case p == "": // "a/b;" is allowed (RFC 9110 §5.6.6)
		case !isToken(key):
			return m, false
		case !weighed && strings.EqualFold(key, "q"):
			if m.q, weighed = parseQ(value); !weighed {
				return m, false
			}
		case found && !isToken(value) && !isQuoted(value):
			return m, false
		case weighed: // RFC 7231 had extensions here, which may lack a value
		case !found:
			return m, false
		case !strings.EqualFold(key, "charset"):
			m.params = true
		}
	}
	return m, true
}

// cutUnquoted returns what is before the first sep outside of a quoted string, without
// white space around it, and what is after it.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			return strings.Trim(s[:i], " \t"), s[i+1:]
		}
	}
	return strings.Trim(s, " \t"), ""
}

// isQuoted reports whether s is one quoted string (RFC 9110 §5.6.4), with its end.
func isQuoted(s string) bool {
	if len(s) < 2 || s[0] != '"' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i == len(s)-1
		}
	}
	return false
}

// parseQ reads a weight (RFC 9110 §12.4.2) in thousandths.
func parseQ(s string) (int, bool) {
	if s == "" || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	q := int(s[0]-'0') * 1000
	scale := 100
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		q += int(s[i]-'0') * scale
		scale /= 10
	}
	return q, q <= 1000
}
