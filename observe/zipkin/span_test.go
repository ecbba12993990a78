package zipkin_test

import (
	"encoding/json/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/zipkin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// TestSpan has the JSON of whole spans.
func TestSpan(t *testing.T) {
	t.Parallel()
	least := newStub()
	least.Resource = resource.Empty()
	checkJSON(t, `{"traceId":"0af7000000000000000000000000009c","id":"b700000000000031","name":"GET /prices",
		"timestamp":1767323045006789,"duration":1500}`, export(t, least)[0])

	full := newStub()
	full.SpanKind = trace.SpanKindClient
	full.Parent = trace.NewSpanContext(trace.SpanContextConfig{TraceID: full.SpanContext.TraceID(), SpanID: trace.SpanID{7: 1}, Remote: true})
	full.Attributes = []attribute.KeyValue{attribute.String("server.address", "stock.example"), attribute.Int("server.port", 8080)}
	full.Events = []sdktrace.Event{{Name: "first_item", Time: start.Add(time.Millisecond)}}
	full.Status = sdktrace.Status{Code: codes.Error, Description: "sold out"}
	full.InstrumentationScope = instrumentation.Scope{Name: "otelx", Version: "1.0"}
	checkJSON(t, `{"traceId":"0af7000000000000000000000000009c","id":"b700000000000031","parentId":"0000000000000001",
		"name":"GET /prices","kind":"CLIENT","timestamp":1767323045006789,"duration":1500,
		"localEndpoint":{"serviceName":"prices"},"remoteEndpoint":{"serviceName":"stock.example","port":8080},
		"annotations":[{"timestamp":1767323045007789,"value":"first_item"}],
		"tags":{"server.address":"stock.example","server.port":"8080","error":"sold out","otel.status_code":"ERROR",
			"otel.scope.name":"otelx","otel.scope.version":"1.0"}}`, export(t, full)[0])
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[trace.SpanKind]any{
		trace.SpanKindServer: "SERVER", trace.SpanKindClient: "CLIENT",
		trace.SpanKindProducer: "PRODUCER", trace.SpanKindConsumer: "CONSUMER", trace.SpanKindInternal: nil,
	} {
		s := newStub()
		s.SpanKind = kind
		assert.Equal(t, want, export(t, s)[0]["kind"], kind)
	}
}

// TestTraceID has the trace of a caller whose ids have 64 bits: Zipkin finds its spans by
// the text that the caller wrote.
func TestTraceID(t *testing.T) {
	t.Parallel()
	s := newStub()
	s.SpanContext = s.SpanContext.WithTraceID(trace.TraceID{8: 0x4b, 15: 0x9c})
	assert.Equal(t, "4b0000000000009c", export(t, s)[0]["traceId"])
}

// TestDuration has the durations that Zipkin would take for none.
func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]any{0: 1.0, 999 * time.Nanosecond: 1.0, -time.Second: 1.0, 2 * time.Second: 2e6} {
		s := newStub()
		s.EndTime = s.StartTime.Add(d)
		assert.Equal(t, want, export(t, s)[0]["duration"], d)
	}
}

// large returns a span with an attribute of n bytes.
func large(n int) tracetest.SpanStub {
	s := newStub()
	s.Attributes = []attribute.KeyValue{attribute.String("text", strings.Repeat("x", n))}
	return s
}

// TestMaxBody has no body above the bound, and no span left out.
func TestMaxBody(t *testing.T) {
	t.Parallel()
	const bound = 8192
	c := collect(t, nil)
	e := c.exporter(t, zipkin.MaxBody(bound))
	var stubs []tracetest.SpanStub
	for n := range 40 {
		stubs = append(stubs, large(100*n))
	}
	require.NoError(t, e.ExportSpans(t.Context(), snapshots(stubs...)))
	require.Len(t, c.spans(t), len(stubs))
	for i, s := range c.spans(t) {
		require.Len(t, s["tags"].(map[string]any)["text"], 100*i)
	}
	size := 0
	for _, body := range c.sent() {
		require.LessOrEqual(t, len(body), bound)
		size += len(body)
	}
	require.Less(t, len(c.sent()), 2*size/bound+1, "bodies are filled")

	require.NoError(t, e.ExportSpans(t.Context(), nil))
	require.Len(t, c.spans(t), len(stubs), "no span, no request")
}

// TestMaxBodyExactly has a body of exactly the bound, and spans that are a byte too large
// for it.
func TestMaxBodyExactly(t *testing.T) {
	t.Parallel()
	const bound = 4096
	body := func(stubs ...tracetest.SpanStub) [][]byte {
		c := collect(t, nil)
		require.NoError(t, c.exporter(t, zipkin.MaxBody(bound)).ExportSpans(t.Context(), snapshots(stubs...)))
		return c.sent()
	}
	rest := bound - len(body(large(1))[0])
	require.Len(t, body(large(1 + rest))[0], bound)
	require.Less(t, len(body(large(2 + rest))[0]), 400, "it is sent without the attribute")
	pair := bound - len(body(large(1), large(1))[0])
	require.Len(t, body(large(1), large(1+pair)), 1)
	require.Len(t, body(large(1), large(2+pair)), 2)
}

// TestStrip has what is left of a span that is too large by itself.
func TestStrip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 5000)
	s := large(5000)
	s.Name = long
	s.SpanKind = trace.SpanKindClient
	s.Resource = resource.NewSchemaless(attribute.String("service.name", long))
	s.Attributes = append(s.Attributes, attribute.String("server.address", long))
	s.Events = []sdktrace.Event{{Name: long, Time: start}}
	s.Status = sdktrace.Status{Code: codes.Error, Description: long}
	s.DroppedAttributes, s.DroppedEvents = 3, 4

	c := collect(t, nil)
	require.NoError(t, c.exporter(t, zipkin.MaxBody(4096)).ExportSpans(t.Context(), snapshots(s, newStub())))
	got := c.spans(t)
	require.Len(t, got, 2)
	short, message := strings.Repeat("ä", 64), strings.Repeat("ä", 256)
	want, err := json.Marshal(map[string]any{
		"traceId": "0af7000000000000000000000000009c", "id": "b700000000000031", "name": short, "kind": "CLIENT",
		"timestamp": start.UnixMicro(), "duration": 1500,
		"localEndpoint": map[string]any{"serviceName": short}, "remoteEndpoint": map[string]any{"serviceName": short},
		"tags": map[string]string{
			"error": message, "otel.status_code": "ERROR",
			"otel.dropped_attributes_count": "5", "otel.dropped_events_count": "5",
		},
	})
	require.NoError(t, err)
	checkJSON(t, string(want), got[0])
	require.Equal(t, "GET /prices", got[1]["name"])
}
