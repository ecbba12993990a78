package otelx_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var ErrSoldOut = endpoint.Define(endpoint.FailedPrecondition, "stock", "SOLD_OUT", "sold out")

// Shop is what users call, over HTTP.
type Shop struct {
	Order endpoint.Endpoint[Order, Receipt]
	Watch endpoint.Endpoint[Watch, endpoint.Stream[Receipt]]
}

type Order struct {
	ID   string `path:"id"`
	Item string `json:"item"`
}

type Watch struct {
	N int `query:"n"`
}

type Receipt struct {
	Left int `json:"left"`
}

func (s *Shop) HTTP(r *httpx.Routes) {
	r.POST("/orders/{id}", &s.Order, httpx.Idempotent(), httpx.Fails(ErrSoldOut))
	r.ServerStream("GET", "/receipts", &s.Watch)
}

// Stock is what a Shop calls, over gRPC.
type Stock struct {
	Take  endpoint.Endpoint[Item, Receipt]
	Count endpoint.Endpoint[Item, endpoint.Stream[Receipt]]
}

type Item struct {
	Name string `json:"name"`
}

func (s *Stock) GRPC(m *grpcx.Methods) {
	m.Service("shop.v1.Stock")
	m.Unary("Take", &s.Take, grpcx.Idempotent(), grpcx.Fails(ErrSoldOut))
	m.ServerStream("Count", &s.Count, grpcx.Idempotent())
}

// taking is a Stock that has everything but "nothing".
func taking() *Stock {
	return &Stock{
		Take: func(_ context.Context, i Item) (Receipt, error) {
			if i.Name == "nothing" {
				return Receipt{}, ErrSoldOut
			}
			return Receipt{41}, nil
		},
		Count: func(context.Context, Item) (endpoint.Stream[Receipt], error) {
			return func(yield func(Receipt, error) bool) {
				for n := range 3 {
					if !yield(Receipt{n}, nil) {
						return
					}
				}
			}, nil
		},
	}
}

// selling is a Shop that takes from a Stock.
func selling(stock *Stock) *Shop {
	return &Shop{
		Order: func(ctx context.Context, o Order) (Receipt, error) { return stock.Take(ctx, Item{o.Item}) },
		Watch: func(ctx context.Context, _ Watch) (endpoint.Stream[Receipt], error) {
			return stock.Count(ctx, Item{"all"})
		},
	}
}

// overGRPC serves a Stock in memory behind server, and returns a client of it
// behind client.
func overGRPC(tb testing.TB, svc *Stock, server, client []endpoint.Layer) *Stock {
	tb.Helper()
	var c Stock
	require.NoError(tb, grpcx.Client(grpcx.To(serveGRPC(tb, svc, server)), &c, grpcx.Use(client...)))
	return &c
}

// serveGRPC serves a Stock in memory behind layers, and returns a connection to
// it.
func serveGRPC(tb testing.TB, svc *Stock, layers []endpoint.Layer) *grpc.ClientConn {
	tb.Helper()
	s := grpc.NewServer(grpcx.ServerOptions()...)
	require.NoError(tb, grpcx.Register(s, svc, grpcx.Use(layers...)))
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	conn, err := grpc.NewClient("passthrough:///stock",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
		<-done
	})
	return conn
}

// overHTTP serves a Shop in memory behind server on a chi router, and returns a
// client of it behind client.
func overHTTP(tb testing.TB, svc *Shop, server, client []endpoint.Layer) *Shop {
	tb.Helper()
	conn := serve(tb, mount(tb, svc, server...))
	var c Shop
	require.NoError(tb, httpx.Client(conn, &c, httpx.Use(client...)))
	return &c
}

func mount(tb testing.TB, svc httpx.Service, layers ...endpoint.Layer) http.Handler {
	tb.Helper()
	r := chi.NewRouter()
	require.NoError(tb, httpx.Mount(r, svc, httpx.Use(layers...)))
	return r
}

func serve(tb testing.TB, h http.Handler) *httpx.Conn {
	tb.Helper()
	l := endpointtest.NewListener()
	s := &http.Server{Handler: h} //nolint:gosec // in memory
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	transport := &http.Transport{DialContext: l.Dial}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = s.Close()
		<-done
	})
	return httpx.To("http://shop.example", httpx.HTTPClient(&http.Client{Transport: transport}))
}

// record returns a provider and what it records.
func record(tb testing.TB, opts ...sdktrace.TracerProviderOption) (*sdktrace.TracerProvider, *tracetest.SpanRecorder) {
	tb.Helper()
	rec := tracetest.NewSpanRecorder()
	p := sdktrace.NewTracerProvider(append(opts, sdktrace.WithSpanProcessor(rec))...)
	tb.Cleanup(func() { _ = p.Shutdown(context.WithoutCancel(tb.Context())) })
	return p, rec
}

// layers is a list in the words of the tests.
func layers(ls ...endpoint.Layer) []endpoint.Layer { return ls }

// find returns the spans of this name, kinds in their words, in the order of
// their start.
func find(rec *tracetest.SpanRecorder, kind, name string) []sdktrace.ReadOnlySpan {
	var found []sdktrace.ReadOnlySpan
	for _, s := range rec.Started() {
		if s.Name() == name && s.SpanKind().String() == kind && !s.EndTime().IsZero() {
			found = append(found, s)
		}
	}
	return found
}

// one returns the only one.
func one(tb testing.TB, rec *tracetest.SpanRecorder, kind, name string) sdktrace.ReadOnlySpan {
	tb.Helper()
	found := find(rec, kind, name)
	if len(found) != 1 {
		for _, s := range rec.Ended() {
			tb.Logf("span %s %q", s.SpanKind(), s.Name())
		}
		require.Len(tb, found, 1, "spans %s %q", kind, name)
	}
	return found[0]
}

// attributes returns those of a span as text.
func attributes(kvs []attribute.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range kvs {
		m[string(kv.Key)] = kv.Value.String()
	}
	return m
}
