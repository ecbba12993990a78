package telemetryguide

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// flaky is a service whose Get fails the first time.
func flaky() *Books {
	var calls atomic.Int32
	return &Books{
		Get: func(_ context.Context, b ByISBN) (Book, error) {
			switch {
			case calls.Add(1) == 1:
				return Book{}, endpoint.Errorf(endpoint.Unavailable, "not yet")
			case b.ISBN == "0":
				return Book{}, ErrNoBook
			}
			return Book{"Walden"}, nil
		},
		List: func(context.Context, endpoint.Empty) (endpoint.Stream[Book], error) {
			return func(yield func(Book, error) bool) { yield(Book{"Walden"}, nil) }, nil
		},
	}
}

// receiver is a collector of OTLP in this process.
type receiver struct {
	mu    sync.Mutex // guards the field below
	spans []*otlp.Span
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	var req collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(text, &req) != nil {
		http.Error(w, "no OTLP", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range req.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// program is the server, its client and its telemetry.
type program struct {
	client   *Books
	handler  http.Handler
	provider *sdktrace.TracerProvider
}

// start runs the program with a collector at this URL. The test begins its
// traces, so that they are all recorded.
func start(t *testing.T, collectorURL string) program {
	t.Helper()
	provider, err := newProvider(t.Context(), collectorURL)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Millisecond)
		defer cancel()
		_ = provider.Shutdown(ctx)
	})
	registry := prometheus.NewRegistry()
	telemetry, metrics, err := newTelemetry(provider, registry)
	require.NoError(t, err)
	assert.NotNil(t, newBreaker(metrics))
	handler, err := newHandler(flaky(), telemetry, registry)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	conn := httpx.To(server.URL)
	t.Cleanup(func() { _ = conn.Close() })
	client, err := dial(conn, telemetry, resilience.NewRetry(3))
	require.NoError(t, err)
	return program{client, handler, provider}
}

// recorded is a context within a trace that is recorded elsewhere.
func recorded(t *testing.T) context.Context {
	t.Helper()
	ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "test")
	t.Cleanup(func() { span.End() })
	return ctx
}

// TestCollector has spans come to a collector by OTLP: a call, its two attempts,
// and what the server made of them.
func TestCollector(t *testing.T) {
	t.Parallel()
	var c receiver
	server := httptest.NewServer(&c)
	defer server.Close()
	p := start(t, server.URL+"/v1/traces")
	book, err := p.client.Get(recorded(t), ByISBN{"1"})
	require.NoError(t, err)
	assert.Equal(t, "Walden", book.Title)
	require.NoError(t, p.provider.ForceFlush(t.Context()))

	c.mu.Lock()
	defer c.mu.Unlock()
	require.Len(t, c.spans, 5)
	byKind := map[otlp.Span_SpanKind]int{}
	for _, s := range c.spans {
		byKind[s.GetKind()]++
		assert.Equal(t, "GET /books/{isbn}", s.GetName())
		assert.Equal(t, c.spans[0].GetTraceId(), s.GetTraceId())
	}
	assert.Equal(t, map[otlp.Span_SpanKind]int{otlp.Span_SPAN_KIND_CLIENT: 3, otlp.Span_SPAN_KIND_SERVER: 2}, byKind)
}

// TestCollectorAway has calls go on while nobody takes the spans.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	defer close(hangs)
	p := start(t, server.URL+"/v1/traces")
	ctx := recorded(t)
	for range 3000 { // more than the queue of spans holds
		_, err := p.client.Get(ctx, ByISBN{"1"})
		require.NoError(t, err)
	}
}

// TestMetrics has the endpoint that Prometheus scrapes.
func TestMetrics(t *testing.T) {
	t.Parallel()
	p := start(t, "http://127.0.0.1:1/v1/traces")
	for _, isbn := range []string{"1", "2", "0"} {
		_, _ = p.client.Get(t.Context(), ByISBN{isbn})
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{
		`endpoint_calls_total{code="OK",operation="Get",service="Books",side="client",transport="http"} 2`,
		`endpoint_calls_total{code="NOT_FOUND",operation="Get",service="Books",side="server",transport="http"} 1`,
		`endpoint_calls_total{code="UNAVAILABLE",operation="Get",service="Books",side="server",transport="http"} 1`,
		`endpoint_breaker_state{detail="",name="books",operation="",service=""} 0`,
	} {
		assert.Contains(t, w.Body.String(), want)
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	provider := sdktrace.NewTracerProvider()
	tracer := newTracer(provider)
	require.NoError(t, tracer.Err())
	require.NoError(t, newEdgeTracer(provider).Err())
	meter, err := newMeter(sdkmetric.NewMeterProvider(), resilience.NewBreaker(5))
	require.NoError(t, err)
	require.NoError(t, observe.New(tracer, meter).Err())

	dir := t.TempDir()
	require.NoError(t, writeDashboards(filepath.Join(dir, "rules.yml"), filepath.Join(dir, "dashboard.json")))
	require.Error(t, writeDashboards(strings.Repeat("x", 300), filepath.Join(dir, "dashboard.json")))
}
