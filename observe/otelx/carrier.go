package otelx

import (
	"net/textproto"
	"strings"

	"github.com/typedkit/endpoint"
	"go.opentelemetry.io/otel/propagation"
)

// The metadata of a call carries the trace. There is a type for each form of
// keys, so that none has to be rewritten, and each is the Header itself, so that
// none is allocated.
type (
	httpCarrier endpoint.Header
	carrier     endpoint.Header
)

// carrierOf returns the header of the call of an operation.
func carrierOf(call *endpoint.Call, http bool) propagation.TextMapCarrier {
	if http {
		return (*httpCarrier)(call.Header())
	}
	return (*carrier)(call.Header())
}

func (c *httpCarrier) Get(key string) string {
	return joined((*endpoint.Header)(c).Raw()[canonical(key)])
}
func (c *httpCarrier) Set(key, value string) { (*endpoint.Header)(c).Set(canonical(key), value) }
func (c *httpCarrier) Keys() []string        { return keys((*endpoint.Header)(c)) }

func (c *carrier) Get(key string) string {
	return joined((*endpoint.Header)(c).Raw()[strings.ToLower(key)])
}
func (c *carrier) Set(key, value string) { (*endpoint.Header)(c).Set(strings.ToLower(key), value) }
func (c *carrier) Keys() []string        { return keys((*endpoint.Header)(c)) }

// joined is the value of a header that came in several lines: a list, as RFC
// 9110 §5.3 has it. What must be single is malformed then, and is taken for
// that by who parses it.
func joined(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return strings.Join(values, ",")
}

func keys(h *endpoint.Header) []string {
	var ks []string
	for k := range h.Raw() {
		ks = append(ks, k)
	}
	return ks
}

// canonical spares the usual keys an allocation.
func canonical(key string) string {
	switch key {
	case "traceparent":
		return "Traceparent"
	case "tracestate":
		return "Tracestate"
	case "baggage":
		return "Baggage"
	case "b3":
		return "B3"
	}
	return textproto.CanonicalMIMEHeaderKey(key)
}
