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

// sameType says that a media type is the one of a format, or has its structured
// suffix (RFC 6839): application/vnd.example+json for application/json.
func sameType(media, format string) bool {
	if media == format {
		return true
	}
	top, sub, _ := strings.Cut(format, "/")
	return strings.HasPrefix(media, top+"/") && strings.HasSuffix(media, "+"+sub)
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
	params   int
	q        int
}

// quality returns the q of the most specific range that a type is in.
func quality(ranges []mediaRange, media string) int {
	top, sub, _ := strings.Cut(media, "/")
	q, best := 0, -1
	for _, r := range ranges {
		specific := -1
		switch {
		case r.top == top && r.sub == sub && r.params == 0:
			specific = 2
		case r.top == top && r.sub == "*":
			specific = 1
		case r.top == "*" && r.sub == "*":
			specific = 0
		}
		if specific > best {
			best, q = specific, r.q
		}
	}
	return q
}

// parseAccept reads an Accept header; ok is false if it is malformed.
func parseAccept(line string) (ranges []mediaRange, ok bool) {
	for element := range strings.SplitSeq(line, ",") {
		element = strings.Trim(element, " \t")
		if element == "" {
			continue
		}
		parts := strings.Split(element, ";")
		top, sub, found := strings.Cut(strings.ToLower(strings.Trim(parts[0], " \t")), "/")
		if !found || !isToken(top) || !isToken(sub) || top == "*" && sub != "*" {
			return nil, false
		}
		m := mediaRange{top: top, sub: sub, q: 1000}
		for _, p := range parts[1:] {
			key, value, found := strings.Cut(strings.Trim(p, " \t"), "=")
			switch {
			case !found:
				return nil, false
			case !strings.EqualFold(key, "q"):
				if !strings.EqualFold(key, "charset") {
					m.params++
				}
			default:
				if m.q, ok = parseQ(value); !ok {
					return nil, false
				}
			}
		}
		ranges = append(ranges, m)
	}
	return ranges, true
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
