package zipkin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// TestRemote has the other end of a call, by the attributes that are there.
func TestRemote(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	for name, tt := range map[string]struct {
		kind trace.SpanKind
		want map[string]any
		of   []attribute.KeyValue
	}{
		"service":              {trace.SpanKindClient, m{"serviceName": "stock"}, []attribute.KeyValue{attribute.String("server.address", "10.0.0.7"), attribute.String("service.peer.name", "stock")}},
		"service, old name":    {trace.SpanKindProducer, m{"serviceName": "stock"}, []attribute.KeyValue{attribute.String("peer.service", "stock")}},
		"name":                 {trace.SpanKindClient, m{"serviceName": "stock.example"}, []attribute.KeyValue{attribute.String("server.address", "stock.example")}},
		"IPv4":                 {trace.SpanKindClient, m{"ipv4": "10.0.0.7", "port": 80.0}, []attribute.KeyValue{attribute.String("server.address", "10.0.0.7"), attribute.Int("server.port", 80)}},
		"IPv4 in IPv6":         {trace.SpanKindClient, m{"ipv4": "10.0.0.7"}, []attribute.KeyValue{attribute.String("server.address", "::ffff:10.0.0.7")}},
		"IPv6":                 {trace.SpanKindClient, m{"ipv6": "fe80::1"}, []attribute.KeyValue{attribute.String("network.peer.address", "fe80::1%eth0")}},
		"host and port in one": {trace.SpanKindClient, m{"ipv6": "2001:db8::1", "port": 443.0}, []attribute.KeyValue{attribute.String("server.address", "[2001:db8::1]:443")}},
		"impossible port":      {trace.SpanKindClient, m{"ipv4": "10.0.0.7"}, []attribute.KeyValue{attribute.String("server.address", "10.0.0.7"), attribute.Int("server.port", 65536)}},
		"caller":               {trace.SpanKindServer, m{"ipv4": "10.0.0.8", "port": 4711.0}, []attribute.KeyValue{attribute.String("client.address", "10.0.0.8"), attribute.Int("client.port", 4711), attribute.String("server.address", "10.0.0.7")}},
		"caller, by its proxy": {trace.SpanKindConsumer, m{"ipv4": "10.0.0.9"}, []attribute.KeyValue{attribute.String("network.peer.address", "10.0.0.9")}},
		"none":                 {trace.SpanKindClient, nil, []attribute.KeyValue{attribute.String("client.address", "10.0.0.8")}},
		"within a process":     {trace.SpanKindInternal, nil, []attribute.KeyValue{attribute.String("server.address", "10.0.0.7")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub()
			s.SpanKind, s.Attributes = tt.kind, tt.of
			got, _ := export(t, s)[0]["remoteEndpoint"].(map[string]any)
			assert.Equal(t, tt.want, got)
		})
	}
}
