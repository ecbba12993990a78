package problem

import (
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// Text returns an error as a text, for transports whose errors are one: "CODE domain/reason:
// message", or "CODE: message" without an identity. It is valid UTF-8 of at most 64 KiB.
func Text(e *endpoint.Error) string {
	head := e.Code().String()
	if isName(e.Domain()) && isName(e.Reason()) {
		head += " " + e.Domain() + "/" + e.Reason()
	}
	return bounds.Cut(Clean(head+": "+e.Message()), bounds.ErrorBytes)
}

// FromText returns the error of a text that came over a wire. ok reports whether it has the
// form of [Text]. If not, the error is Unknown with the text as its message.
func FromText(text string) (e *endpoint.Error, ok bool) {
	text = bounds.Cut(Clean(text), bounds.ErrorBytes)
	foreign := endpoint.FromWire(endpoint.Unknown, "", "", text)
	head, message, ok := strings.Cut(text, ": ")
	name, identity, named := strings.Cut(head, " ")
	code, err := endpoint.ParseCode(name)
	switch {
	case !ok || err != nil || code == endpoint.OK:
		return foreign, false
	case !named:
		return endpoint.FromWire(code, "", "", message), true
	}
	slash := max(strings.LastIndexByte(identity, '/'), 0)
	domain, reason := identity[:slash], strings.TrimPrefix(identity[slash:], "/")
	if !isName(domain) || !isName(reason) {
		return foreign, false
	}
	return endpoint.FromWire(code, domain, reason, message), true
}

// isName reports whether a domain or a reason can be told from what is around it. A domain may
// have slashes, and a reason has none.
func isName(s string) bool { return s != "" && !strings.ContainsAny(s, " :") }
