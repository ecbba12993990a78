package zipkin_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	zipkingo "github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	b3go "github.com/openzipkin/zipkin-go/propagation/b3"
	reporterhttp "github.com/openzipkin/zipkin-go/reporter/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jaegertest"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/zipkin"
	"github.com/typedkit/endpoint/server"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Shop is served over HTTP, and calls a Stock over gRPC.
type Shop struct {
	Order endpoint.Endpoint[Item, Receipt]
}

func (s *Shop) HTTP(r *httpx.Routes) { r.POST("/orders", &s.Order, httpx.Fails(ErrSoldOut)) }

// Stock is served over gRPC.
type Stock struct {
	Take endpoint.Endpoint[Item, Receipt]
}

func (s *Stock) GRPC(m *grpcx.Methods) {
	m.Service("shop.v1.Stock")
	m.Unary("Take", &s.Take, grpcx.Fails(ErrSoldOut))
}

type Item struct {
	Name string `json:"name"`
}

type Receipt struct {
	Left int `json:"left"`
}

var ErrSoldOut = endpoint.Define(endpoint.FailedPrecondition, "stock", "SOLD_OUT", "sold out")

// TestJaeger has a real server of Zipkin's API show what was sent to it.
func TestJaeger(t *testing.T) {
	t.Parallel()
	jaeger := jaegertest.Start(t)
	for name, encoding := range map[string]b3.Encoding{
		"single header": b3.B3SingleHeader, "multiple headers": b3.B3MultipleHeader,
		"both": b3.B3SingleHeader | b3.B3MultipleHeader,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testLine(t, jaeger, encoding)
		})
	}
	for name, opts := range map[string][]b3go.InjectOption{
		"single header": {b3go.WithSingleHeaderOnly()}, "multiple headers": nil, "both": {b3go.WithSingleAndMultiHeader()},
	} {
		for _, is128 := range []bool{true, false} {
			t.Run(fmt.Sprintf("from zipkin-go, %s, 128 bits: %t", name, is128), func(t *testing.T) {
				t.Parallel()
				testFromForeign(t, jaeger, is128, opts)
			})
		}
	}
	for name, test := range map[string]func(*testing.T, jaegertest.Server){
		"a span": testFields, "to zipkin-go": testToForeign, "flush": testFlush,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, jaeger)
		})
	}
}

// testLine has calls through two servers and both transports, of which each hears of the
// one before it by B3 alone.
func testLine(t *testing.T, jaeger jaegertest.Server, encoding b3.Encoding) {
	b3s := otelx.Propagators(b3.New(b3.WithInjectEncoding(encoding)))
	client, shop, stock := newProvider(t, jaeger, "client"), newProvider(t, jaeger, "shop"), newProvider(t, jaeger, "stock")
	url := serveShop(t, otelx.NewTracer(shop, b3s), serveStock(t, otelx.NewTracer(stock, b3s)))
	var c Shop
	var id string
	require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(otelx.NewTracer(client, b3s), noteID(&id))))

	_, err := c.Order(t.Context(), Item{"pen"})
	require.NoError(t, err)
	good := id
	_, err = c.Order(t.Context(), Item{"nothing"})
	require.ErrorIs(t, err, ErrSoldOut)
	bad := id
	require.NotEqual(t, good, bad)
	for _, p := range []*sdktrace.TracerProvider{client, shop, stock} {
		require.NoError(t, p.ForceFlush(t.Context()))
	}
	checkLine(t, jaeger, good, []jaegerSpan{
		{"client", "POST /orders", map[string]any{"span.kind": "client", "endpoint.operation": "Shop.Order", "error": nil, "net.peer.ip": "127.0.0.1"}},
		{"shop", "POST /orders", map[string]any{"span.kind": "server", "http.response.status_code": "200"}},
		{"shop", "shop.v1.Stock/Take", map[string]any{"span.kind": "client", "rpc.response.status_code": "OK"}},
		{"stock", "shop.v1.Stock/Take", map[string]any{"span.kind": "server", "otel.scope.name": "github.com/typedkit/endpoint/observe/otelx"}},
	})
	checkLine(t, jaeger, bad, []jaegerSpan{
		{"client", "POST /orders", map[string]any{"error": "sold out", "error.type": "400", "endpoint.error": "stock/SOLD_OUT"}},
		{"shop", "POST /orders", map[string]any{"error": nil, "http.response.status_code": "400"}},
		{"shop", "shop.v1.Stock/Take", map[string]any{"error": "sold out", "error.type": "FAILED_PRECONDITION"}},
		{"stock", "shop.v1.Stock/Take", map[string]any{"error": nil, "endpoint.error": "stock/SOLD_OUT"}},
	})
}

// testFields has all that Jaeger shows of one span.
func testFields(t *testing.T, jaeger jaegertest.Server) {
	provider := newProvider(t, jaeger, "fields")
	_, span := provider.Tracer("test").Start(t.Context(), "call", trace.WithTimestamp(start), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("server.address", "10.0.0.7"), attribute.Int("server.port", 8080), attribute.StringSlice("list", []string{"a"})))
	span.AddEvent("first_item", trace.WithTimestamp(start.Add(1000)))
	span.SetStatus(codes.Error, "sold out")
	span.End(trace.WithTimestamp(start.Add(5_000_000)))
	require.NoError(t, provider.ForceFlush(t.Context()))

	got := await(t, jaeger, span.SpanContext().TraceID().String(), 1)
	s := got.Spans[0]
	require.Equal(t, "fields", got.Service(s))
	require.Equal(t, span.SpanContext().SpanID().String(), s.ID)
	require.Equal(t, start.UnixMicro(), s.Start)
	require.Equal(t, int64(5000), s.Duration)
	require.Equal(t, []any{"sold out", "ERROR", `["a"]`, "10.0.0.7"},
		[]any{s.Tag("error"), s.Tag("otel.status_code"), s.Tag("list"), s.Tag("net.peer.ip")}, "%v", s.Tags)
	require.Equal(t, start.UnixMicro()+1, s.Logs[0].Time)
	require.Equal(t, "first_item", s.Logs[0].Fields[0].Value)
}

// testFromForeign has a client with Zipkin's own library call a server of ours.
func testFromForeign(t *testing.T, jaeger jaegertest.Server, is128 bool, opts []b3go.InjectOption) {
	tracer, flush := newForeign(t, jaeger, "foreign client", zipkingo.WithTraceID128Bit(is128))
	shop := newProvider(t, jaeger, "shop")
	url := serveShop(t, otelx.NewTracer(shop, otelx.Propagators(b3.New())), nil)

	span := tracer.StartSpan("order", zipkingo.Kind("CLIENT"))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/orders", strings.NewReader(`{"name":"pen"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	require.NoError(t, b3go.InjectHTTP(r, opts...)(span.Context()))
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	span.Finish()
	require.NoError(t, flush())
	require.NoError(t, shop.ForceFlush(t.Context()))

	checkLine(t, jaeger, span.Context().TraceID.String(), []jaegerSpan{
		{"foreign client", "order", map[string]any{"span.kind": "client"}},
		{"shop", "POST /orders", map[string]any{"span.kind": "server", "http.response.status_code": "200"}},
	})
}

// testToForeign has a client of ours call a server with Zipkin's own library.
func testToForeign(t *testing.T, jaeger jaegertest.Server) {
	tracer, flush := newForeign(t, jaeger, "foreign server", zipkingo.WithSharedSpans(false))
	s := httptest.NewServer(zipkinhttp.NewServerMiddleware(tracer)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"left":41}`)
	})))
	t.Cleanup(s.Close)
	client := newProvider(t, jaeger, "client")
	var c Shop
	var id string
	require.NoError(t, httpx.Client(httpx.To(s.URL), &c, httpx.Use(otelx.NewTracer(client, otelx.Propagators(b3.New())), noteID(&id))))
	_, err := c.Order(t.Context(), Item{"pen"})
	require.NoError(t, err)
	require.NoError(t, client.ForceFlush(t.Context()))
	require.NoError(t, flush())
	checkLine(t, jaeger, id, []jaegerSpan{
		{"client", "POST /orders", map[string]any{"span.kind": "client"}},
		{"foreign server", "post", map[string]any{"span.kind": "server"}},
	})
}

// testFlush has package server send what is left when it stops.
func testFlush(t *testing.T, jaeger jaegertest.Server) {
	addr := programtest.NewAnnouncements()
	s := server.New("shop", server.Log(slog.New(slog.DiscardHandler)), server.Announce(addr))
	require.NoError(t, serve(s, "127.0.0.1:0", jaeger.Zipkin, newShop(nil)))
	stop := programtest.RunServer(t, s)

	var c Shop
	var id string
	caller := otelx.NewTracer(sdktrace.NewTracerProvider(), otelx.Propagators(b3.New())) // sends no span
	require.NoError(t, httpx.Client(httpx.To("http://"+addr.Addr(t, "HTTP")), &c, httpx.Use(caller, noteID(&id))))
	_, err := c.Order(t.Context(), Item{"pen"})
	require.NoError(t, err)
	_, err = jaeger.Ask(t.Context(), id, 1)
	require.Error(t, err, "it is sent with the stop")
	stop()
	await(t, jaeger, id, 1)
}

// A jaegerSpan is what a test wants of a span: its tags among others, those that are nil
// absent.
type jaegerSpan struct {
	service, operation string
	tags               map[string]any
}

// checkLine compares a trace of which each span is the parent of the next.
func checkLine(t *testing.T, jaeger jaegertest.Server, id string, want []jaegerSpan) {
	t.Helper()
	got := await(t, jaeger, id, len(want))
	parent := ""
	for i, w := range want {
		below := got.Below(parent)
		require.Len(t, below, 1, "trace %s: spans below %q, span %d of the line", id, parent, i)
		s := below[0]
		require.Equal(t, w.service, got.Service(s), "service of span %d", i)
		require.Equal(t, w.operation, s.Operation, "span %d", i)
		for key, value := range w.tags {
			require.Equal(t, value, s.Tag(key), "%s of span %d, %s: %v", key, i, s.Operation, s.Tags)
		}
		parent = s.ID
	}
}

// await waits for a trace with n spans.
func await(t *testing.T, jaeger jaegertest.Server, id string, n int) (trace jaegertest.Trace) {
	t.Helper()
	promtest.Eventually(t, func() (err error) {
		trace, err = jaeger.Ask(t.Context(), id, n)
		return err
	})
	return trace
}

// newProvider returns one that sends its spans to Jaeger.
func newProvider(t *testing.T, jaeger jaegertest.Server, service string) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := zipkin.New(jaeger.Zipkin)
	require.NoError(t, err)
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	t.Cleanup(func() { _ = p.Shutdown(context.WithoutCancel(t.Context())) })
	return p
}

// serveStock serves a Stock that has everything but "nothing", and returns a connection.
func serveStock(t *testing.T, tracer endpoint.Layer) *grpc.ClientConn {
	t.Helper()
	s := grpc.NewServer(grpcx.ServerOptions()...)
	svc := &Stock{Take: func(_ context.Context, i Item) (Receipt, error) {
		if i.Name == "nothing" {
			return Receipt{}, ErrSoldOut
		}
		return Receipt{41}, nil
	}}
	require.NoError(t, grpcx.Register(s, svc, grpcx.Use(tracer)))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
		<-done
	})
	return conn
}

// serveShop serves a Shop that takes from the Stock at conn; without one it has all.
func serveShop(t *testing.T, tracer endpoint.Layer, conn *grpc.ClientConn) (url string) {
	t.Helper()
	var stock *Stock
	if conn != nil {
		stock = &Stock{}
		require.NoError(t, grpcx.Client(grpcx.To(conn), stock, grpcx.Use(tracer)))
	}
	router := chi.NewRouter()
	require.NoError(t, httpx.Mount(router, newShop(stock), httpx.Use(tracer)))
	s := httptest.NewServer(router)
	t.Cleanup(s.Close)
	return s.URL
}

func newShop(stock *Stock) *Shop {
	return &Shop{Order: func(ctx context.Context, i Item) (Receipt, error) {
		if stock == nil {
			return Receipt{1}, nil
		}
		return stock.Take(ctx, i)
	}}
}

// newForeign returns a tracer of Zipkin's own library, and what sends its spans.
func newForeign(t *testing.T, jaeger jaegertest.Server, service string, opts ...zipkingo.TracerOption) (tracer *zipkingo.Tracer, flush func() error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reporter := reporterhttp.NewReporter(jaeger.Zipkin, reporterhttp.Client(client))
	local, err := zipkingo.NewEndpoint(service, "")
	require.NoError(t, err)
	tracer, err = zipkingo.NewTracer(reporter, append(opts, zipkingo.WithLocalEndpoint(local))...)
	require.NoError(t, err)
	return tracer, reporter.Close
}

// noteID notes the trace of each call.
func noteID(id *string) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		*id = otelx.TraceID(ctx)
		return ctx, nil, nil
	})
}
