package zipkin_test

import (
	"context"
	"encoding/json/v2"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/observe/zipkin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// A collector is a server in memory that keeps the bodies that it takes.
type collector struct {
	answer http.HandlerFunc // nil: 202
	client *http.Client

	mu     sync.Mutex // guards the fields below
	bodies [][]byte
	times  []time.Time
}

// collect starts a collector.
func collect(t *testing.T, answer http.HandlerFunc) *collector {
	t.Helper()
	c := &collector{answer: answer}
	l := endpointtest.NewListener()
	s := &http.Server{Handler: c} //nolint:gosec // in memory
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	transport := &http.Transport{DialContext: l.Dial}
	c.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = s.Close()
		<-done
	})
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.bodies = append(c.bodies, body)
	c.times = append(c.times, time.Now())
	c.mu.Unlock()
	if c.answer != nil {
		c.answer(w, r)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// exporter returns one that sends to c.
func (c *collector) exporter(t *testing.T, opts ...zipkin.Option) *zipkin.Exporter {
	t.Helper()
	e, err := zipkin.New("http://zipkin.example", append([]zipkin.Option{zipkin.HTTPClient(c.client)}, opts...)...)
	require.NoError(t, err)
	return e
}

// sent returns the bodies.
func (c *collector) sent() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bodies)
}

// spans returns what is in all bodies.
func (c *collector) spans(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, body := range c.sent() {
		var spans []map[string]any
		require.NoError(t, json.Unmarshal(body, &spans), "%s", body)
		all = append(all, spans...)
	}
	return all
}

// start is when spans of tests start.
var start = time.Date(2026, 1, 2, 3, 4, 5, 6_789_000, time.UTC)

// newStub returns a span with what every span has.
func newStub() tracetest.SpanStub {
	return tracetest.SpanStub{
		Name: "GET /prices",
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{0x0a, 0xf7, 15: 0x9c}, SpanID: trace.SpanID{0xb7, 7: 0x31}, TraceFlags: trace.FlagsSampled,
		}),
		StartTime: start,
		EndTime:   start.Add(1500 * time.Microsecond),
		Resource:  resource.NewSchemaless(attribute.String("service.name", "prices")),
	}
}

// export sends stubs and returns what the collector gets.
func export(t *testing.T, stubs ...tracetest.SpanStub) []map[string]any {
	t.Helper()
	c := collect(t, nil)
	require.NoError(t, c.exporter(t).ExportSpans(t.Context(), snapshots(stubs...)))
	got := c.spans(t)
	require.Len(t, got, len(stubs))
	return got
}

func snapshots(stubs ...tracetest.SpanStub) []sdktrace.ReadOnlySpan {
	return tracetest.SpanStubs(stubs).Snapshots()
}

// checkJSON compares a span with its JSON.
func checkJSON(t *testing.T, want string, got map[string]any) {
	t.Helper()
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, want, string(text))
}

// refused is a client that cannot connect; it notes when it tries.
func refused(times *[]time.Time) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		*times = append(*times, time.Now())
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrUnexpectedEOF}
	}}}
}
