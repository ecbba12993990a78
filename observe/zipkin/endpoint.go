package zipkin

import (
	"net"
	"net/netip"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
)

// An endpoint is who made a span, or who is at the other end of its call.
type endpoint struct {
	ServiceName string `json:"serviceName,omitzero"`
	IPv4        string `json:"ipv4,omitzero"`
	IPv6        string `json:"ipv6,omitzero"`
	Port        uint16 `json:"port,omitzero"`
}

// local has the service name of the resource; the SDK sets one if the user does not.
func local(r *resource.Resource) *endpoint {
	if name, ok := r.Set().Value("service.name"); ok && name.String() != "" {
		return &endpoint{ServiceName: name.String()}
	}
	return nil
}

// A peer is a pair of attributes that tell the other end of a call.
type peer struct{ address, port attribute.Key }

// The attributes of the other end, those first that say most. By the names of the service
// that a client calls, Zipkin draws its map of services.
var (
	called = []peer{
		{"service.peer.name", ""},
		{"peer.service", ""},
		{"server.address", "server.port"},
		{"network.peer.address", "network.peer.port"},
		{"db.namespace", ""},
	}
	caller = []peer{
		{"client.address", "client.port"},
		{"network.peer.address", "network.peer.port"},
	}
)

// remote returns the other end of a call, or nil if the attributes do not have it.
func remote(kind trace.SpanKind, attributes []attribute.KeyValue) *endpoint {
	var peers []peer
	switch kind {
	case trace.SpanKindClient, trace.SpanKindProducer:
		peers = called
	case trace.SpanKindServer, trace.SpanKindConsumer:
		peers = caller
	default:
		return nil
	}
	for _, p := range peers {
		if address := find(attributes, p.address); address != "" {
			return newEndpoint(address, find(attributes, p.port))
		}
	}
	return nil
}

// newEndpoint returns one with an IP address, or with a name.
func newEndpoint(address, port string) *endpoint {
	e := &endpoint{}
	if host, p, err := net.SplitHostPort(address); err == nil {
		address, port = host, p
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		e.Port = uint16(n)
	}
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		e.ServiceName = address
	case ip.Unmap().Is4():
		e.IPv4 = ip.Unmap().String()
	default:
		e.IPv6 = ip.WithZone("").String()
	}
	return e
}

// find returns the value of an attribute as a text, or "".
func find(attributes []attribute.KeyValue, key attribute.Key) string {
	for _, kv := range attributes {
		if key != "" && kv.Key == key {
			return kv.Value.String()
		}
	}
	return ""
}
