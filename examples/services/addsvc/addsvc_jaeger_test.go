package addsvc_test

import (
	"context"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jaegertest"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/observe/otelx"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// testJaeger has a real Jaeger show a trace by its API: of a call over HTTP to a
// gateway on chi, which calls the program over gRPC.
func testJaeger(t *testing.T, bin string) {
	jaeger := jaegertest.Start(t)
	program := launch(t, bin, "-otlp.addr", jaeger.OTLP)
	client, gateway := newProvider(t, jaeger, "client"), newProvider(t, jaeger, "gateway")
	var id string
	c := dialGateway(t, serveGateway(t, program.addr["gRPC"], otelx.NewTracer(gateway)), otelx.NewTracer(client), &id)

	_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	sum := id
	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "01234", B: "567890"})
	require.ErrorIs(t, err, addsvc.ErrMaxSize)
	concat := id
	require.NotEqual(t, sum, concat, "each call of the client begins a trace")

	require.NoError(t, client.ForceFlush(t.Context()))
	require.NoError(t, gateway.ForceFlush(t.Context()))
	program.Signal(t, syscall.SIGTERM) // it sends what it has
	require.Equal(t, 0, program.Wait(t))

	for id, want := range map[string][]jaegerSpan{
		sum: {
			{"client", "POST /sum", map[string]any{"span.kind": "client", "url.template": "/sum", "http.response.status_code": 200.0, "endpoint.operation": "Add.Sum"}},
			{"gateway", "POST /sum", map[string]any{"span.kind": "server", "http.route": "/sum", "http.response.status_code": 200.0, "client.address": "127.0.0.1"}},
			{"gateway", "pb.Add/Sum", map[string]any{"span.kind": "client", "rpc.system.name": "grpc", "rpc.response.status_code": "OK", "server.address": "127.0.0.1"}},
			{"addsvc", "pb.Add/Sum", map[string]any{"span.kind": "server", "rpc.method": "pb.Add/Sum", "rpc.response.status_code": "OK", "error": nil}},
		},
		concat: {
			{"client", "POST /concat", map[string]any{"span.kind": "client", "error": true, "error.type": "400", "endpoint.error": "addsvc/MAX_SIZE"}},
			{"gateway", "POST /concat", map[string]any{"span.kind": "server", "error": nil, "http.response.status_code": 400.0}},
			{"gateway", "pb.Add/Concat", map[string]any{"span.kind": "client", "error": true, "error.type": "INVALID_ARGUMENT", "otel.status_description": "result exceeds maximum size"}},
			{"addsvc", "pb.Add/Concat", map[string]any{"span.kind": "server", "error": nil, "endpoint.error": "addsvc/MAX_SIZE"}},
		},
	} {
		checkLine(t, jaeger, id, want)
	}
}

// serveGateway serves over HTTP, on chi, what the program at addr serves over
// gRPC: the struct that the client fills is a server's.
func serveGateway(t *testing.T, addr string, tracer endpoint.Layer) string {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var svc addsvc.Add
	require.NoError(t, grpcx.Client(grpcx.To(conn), &svc, grpcx.Use(tracer)))
	router := chi.NewRouter()
	require.NoError(t, httpx.Mount(router, &svc, httpx.Use(tracer)))
	server := httptest.NewServer(httpx.Problems(router))
	t.Cleanup(server.Close)
	return server.URL
}

// dialGateway returns a client that notes the trace of its last call.
func dialGateway(t *testing.T, url string, tracer endpoint.Layer, id *string) addsvc.Add {
	t.Helper()
	note := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		*id = otelx.TraceID(ctx)
		return ctx, nil, nil
	})
	var c addsvc.Add
	require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(tracer, note)))
	return c
}

// newProvider returns one that sends its spans to Jaeger.
func newProvider(t *testing.T, jaeger jaegertest.Server, service string) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(jaeger.OTLP), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName(service))))
	t.Cleanup(func() { _ = p.Shutdown(context.WithoutCancel(t.Context())) })
	return p
}

// jaegerSpan is what a test wants of a span: its tags among others, those that are
// nil absent.
type jaegerSpan struct {
	service, operation string
	tags               map[string]any
}

// checkLine compares a trace of which each span is the parent of the next.
func checkLine(t *testing.T, jaeger jaegertest.Server, id string, want []jaegerSpan) {
	t.Helper()
	var trace jaegertest.Trace
	promtest.Eventually(t, func() (err error) {
		trace, err = jaeger.Ask(t.Context(), id, len(want))
		return err
	})
	parent := ""
	for i, w := range want {
		below := trace.Below(parent)
		require.NotEmpty(t, below, "trace %s: no span below %q, span %d of the line", id, parent, i)
		s := below[0]
		require.Equal(t, w.service, trace.Service(s), "service of span %d", i)
		require.Equal(t, w.operation, s.Operation, "span %d", i)
		for key, value := range w.tags {
			require.Equal(t, value, s.Tag(key), "%s of span %d, %s", key, i, s.Operation)
		}
		parent = s.ID
	}
}
