package otelx

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// outcomeAttributes are those that are known at the end of a call.
func outcomeAttributes(o *observe.Observation) []attribute.KeyValue {
	kvs := make([]attribute.KeyValue, 0, 10)
	http := o.Operation.Transport == "http"
	switch {
	case http && httpStatus(o) != 0:
		kvs = append(kvs, semconv.HTTPResponseStatusCode(httpStatus(o)))
	case !http && o.Operation.Transport != "":
		kvs = append(kvs, semconv.RPCResponseStatusCode(o.Code.String()))
	}
	kvs = peerAttributes(kvs, o.Call)
	if n := o.Call.RequestBytes(); http && n > 0 {
		kvs = append(kvs, semconv.HTTPRequestBodySize(int(n)))
	}
	if n := o.Call.ResponseBytes(); http && n > 0 {
		kvs = append(kvs, semconv.HTTPResponseBodySize(int(n)))
	}
	if failed(o) {
		kvs = append(kvs, semconv.ErrorTypeKey.String(errorType(o)))
	}
	if e, ok := errors.AsType[*endpoint.Error](o.Err); ok && e.Reason() != "" {
		kvs = append(kvs, attribute.String("endpoint.error", clean(e.Domain()+"/"+e.Reason())))
	}
	return kvs
}

// peerAttributes adds who is at the other end.
func peerAttributes(kvs []attribute.KeyValue, call *endpoint.Call) []attribute.KeyValue {
	peer := call.Peer()
	if peer == "" {
		return kvs
	}
	host, port := peer, 0
	if h, p, err := net.SplitHostPort(peer); err == nil {
		host = h
		port, _ = strconv.Atoi(p)
	}
	host = clean(host)
	if call.Side() == endpoint.ClientSide {
		kvs = append(kvs, semconv.ServerAddress(host))
		if port > 0 {
			kvs = append(kvs, semconv.ServerPort(port))
		}
		return kvs
	}
	kvs = append(kvs, semconv.NetworkPeerAddress(host), semconv.ClientAddress(host))
	if port > 0 {
		kvs = append(kvs, semconv.NetworkPeerPort(port))
	}
	return kvs
}

// failed says that the conventions call the outcome an error: on a client each
// one, on a server what the server is at fault for. They know no stream whose
// reader has enough; that is none.
func failed(o *observe.Observation) bool {
	if o.Err == nil || errors.Is(o.Err, endpoint.ErrStopped) {
		return false
	}
	if o.Call.Side() != endpoint.ServerSide {
		return true
	}
	if o.Operation.Transport == "http" {
		return httpStatus(o) >= 500
	}
	switch o.Code {
	case endpoint.Unknown, endpoint.DeadlineExceeded, endpoint.Unimplemented, endpoint.Internal, endpoint.Unavailable, endpoint.DataLoss:
		return true
	}
	return false
}

// errorType is the class of an error: the status where there is one.
func errorType(o *observe.Observation) string {
	if status := httpStatus(o); status >= 400 {
		return strconv.Itoa(status)
	}
	return o.Code.String()
}

// httpStatus is the status of a call over HTTP, 0 if it has none.
func httpStatus(o *observe.Observation) int {
	if o.Operation.Transport != "http" {
		return 0
	}
	return o.Call.Status(o.Err)
}

// maxText is how much of a text from outside is kept.
const maxText = 4096

// clean returns s as exporters need it. A text that is not UTF-8 would make them
// drop all that is exported with it.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
