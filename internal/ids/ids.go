// Package ids reads the ids that tie the records of one request together from its
// headers. What a caller sends is checked, so it is bounded and safe to print.
package ids

import "strings"

// RequestHeader is the header with the id of a request.
const RequestHeader = "X-Request-Id"

// ValidRequest reports whether a caller's id of a request may be used: it has at most
// 128 bytes of visible ASCII.
func ValidRequest(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// Trace returns the ids of the trace and the span in a header traceparent of W3C's
// trace context. They are empty if it is malformed.
func Trace(traceparent string) (trace, span string) {
	h := traceparent
	if len(h) < 55 || h[2] != '-' || h[35] != '-' || h[52] != '-' || h[:2] == "ff" ||
		len(h) > 55 && (h[:2] == "00" || h[55] != '-') {
		return "", ""
	}
	trace, span = h[3:35], h[36:52]
	if !isHex(h[:2]) || !isHex(h[53:55]) || !isHex(trace) || !isHex(span) || isZero(trace) || isZero(span) {
		return "", ""
	}
	return trace, span
}

func isHex(s string) bool  { return strings.Trim(s, "0123456789abcdef") == "" }
func isZero(s string) bool { return strings.Trim(s, "0") == "" }
