package otelx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/resilience"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// TestLayer has the laws of layers.
func TestTracerIsALayer(t *testing.T) {
	t.Parallel()
	provider, _ := record(t)
	endpointtest.Layer(t, otelx.NewTracer(provider))
	endpointtest.Layer(t, otelx.NewTracer(noop.NewTracerProvider()))
	endpointtest.Layer(t, otelx.NewTracer(provider).Attempts())
}

// chain is a client of a Shop over HTTP that is a client of a Stock over gRPC,
// each with a span on both sides.
func chain(t *testing.T, tracer endpoint.Layer, stock *Stock) *Shop {
	t.Helper()
	ls := layers(tracer)
	return overHTTP(t, selling(overGRPC(t, stock, ls, ls)), ls, ls)
}

// TestOneTrace has a call through two servers and both transports.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		http, grpc string
		call       func(ctx context.Context, c *Shop) error
	}{
		{"unary", "POST /orders/{id}", "shop.v1.Stock/Take", order},
		{"stream", "GET /receipts", "shop.v1.Stock/Count", watch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				c := chain(t, otelx.NewTracer(provider), taking())
				require.NoError(t, tt.call(t.Context(), c))
				synctest.Wait()

				line := lineOf(t, rec, tt.http, tt.grpc)
				assert.False(t, line[0].Parent().IsValid(), "the first span has a parent")
				below(t, line...)
				assert.Len(t, rec.Ended(), 4)
				for i, s := range line {
					assert.Equal(t, codes.Unset, s.Status().Code, "status of span %d", i)
					if tt.name == "stream" {
						require.Len(t, s.Events(), 1, "events of span %d", i)
						assert.Equal(t, "first_item", s.Events()[0].Name)
					} else {
						assert.Empty(t, s.Events())
					}
				}
			})
		})
	}
}

// TestAttributes has those of each of four spans, when all goes well and when
// the innermost fails.
func TestAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, item string
		status     [4]codes.Code
		want       [4]map[string]string
	}{
		{"success", "pen", [4]codes.Code{}, [4]map[string]string{
			{"http.request.method": "POST", "url.template": "/orders/{id}", "http.response.status_code": "200", "server.address": "shop.example", "endpoint.operation": "Shop.Order", "http.request.body.size": "14", "http.response.body.size": "11"},
			{"http.request.method": "POST", "http.route": "/orders/{id}", "http.response.status_code": "200", "endpoint.operation": "Shop.Order", "http.request.body.size": "14", "http.response.body.size": "11", "network.peer.address": "192.0.2.2", "client.address": "192.0.2.2"},
			{"rpc.system.name": "grpc", "rpc.method": "shop.v1.Stock/Take", "rpc.response.status_code": "OK", "endpoint.operation": "Stock.Take", "server.address": "192.0.2.1", "server.port": "80"},
			{"rpc.system.name": "grpc", "rpc.method": "shop.v1.Stock/Take", "rpc.response.status_code": "OK", "endpoint.operation": "Stock.Take"},
		}},
		{"a declared error", "nothing", [4]codes.Code{codes.Error, codes.Unset, codes.Error, codes.Unset}, [4]map[string]string{
			{"http.response.status_code": "400", "error.type": "400", "endpoint.error": "stock/SOLD_OUT"},
			{"http.response.status_code": "400", "error.type": "", "endpoint.error": "stock/SOLD_OUT"},
			{"rpc.response.status_code": "FAILED_PRECONDITION", "error.type": "FAILED_PRECONDITION", "endpoint.error": "stock/SOLD_OUT"},
			{"rpc.response.status_code": "FAILED_PRECONDITION", "error.type": "", "endpoint.error": "stock/SOLD_OUT"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				c := chain(t, otelx.NewTracer(provider), taking())
				_, err := c.Order(t.Context(), Order{"7", tt.item})
				assert.Equal(t, tt.item == "nothing", errors.Is(err, ErrSoldOut))
				synctest.Wait()
				for i, s := range lineOf(t, rec, "POST /orders/{id}", "shop.v1.Stock/Take") {
					got := attributes(s.Attributes())
					for key, value := range tt.want[i] {
						assert.Equal(t, value, got[key], "%s of span %d", key, i)
					}
					assert.Equal(t, tt.status[i], s.Status().Code, "status of span %d", i)
					assert.Equal(t, "https://opentelemetry.io/schemas/1.43.0", s.InstrumentationScope().SchemaURL)
				}
			})
		})
	}
}

// TestUnroutedSpans has the spans of requests that no route matches named by their
// method alone. Nothing in them is the path.
func TestUnroutedSpans(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	h := httpx.Problems(http.NewServeMux(), httpx.Use(otelx.NewTracer(provider)))
	for _, method := range []string{"GET", "BREW"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, "/secret", nil))
	}
	spans := rec.Ended()
	require.Len(t, spans, 2)
	for i, want := range []struct{ name, method string }{{"GET", "GET"}, {"HTTP", "_OTHER"}} {
		require.Equal(t, want.name, spans[i].Name())
		got := attributes(spans[i].Attributes())
		require.Equal(t, want.method, got["http.request.method"])
		require.Equal(t, "404", got["http.response.status_code"])
		require.Equal(t, "httpx.Problems", got["endpoint.operation"])
		require.NotContains(t, got, "http.route")
		require.NotContains(t, fmt.Sprint(got), "secret")
	}
}

// TestRefusedCalls has spans of what never comes to the endpoint.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	boom := &Shop{
		Order: func(context.Context, Order) (Receipt, error) { panic("boom") },
		Watch: func(context.Context, Watch) (endpoint.Stream[Receipt], error) { return nil, errors.New("no") },
	}
	for _, tt := range []struct {
		name   string
		inner  []endpoint.Layer
		body   string
		status int
		failed bool
		reason string
	}{
		{"refused", layers(exhausted(t)), `{"item":"pen"}`, 429, false, "endpoint/RATE_LIMITED"},
		{"malformed", nil, `{"item":`, 400, false, "endpoint/INVALID_REQUEST"},
		{"too large", nil, `{"item":"` + strings.Repeat("x", 2<<20) + `"}`, 413, false, "endpoint/BODY_TOO_LARGE"},
		{"panic", nil, `{"item":"pen"}`, 500, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, rec := record(t)
			tracer := otelx.NewTracer(provider)
			w := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders/7", strings.NewReader(tt.body))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Traceparent", sampled)
			mount(t, boom, append(layers(tracer), tt.inner...)...).ServeHTTP(w, req)
			require.Equal(t, tt.status, w.Code, w.Body.String())
			s := one(t, rec, "server", "POST /orders/{id}")
			got := attributes(s.Attributes())
			assert.Equal(t, strconv.Itoa(tt.status), got["http.response.status_code"])
			assert.Equal(t, tt.reason, got["endpoint.error"])
			assert.Equal(t, spanID, s.Parent().SpanID().String(), "the caller's span")
			assert.Equal(t, tt.failed, s.Status().Code == codes.Error)
			assert.Equal(t, tt.failed, got["error.type"] == "500")
			if tt.name == "panic" {
				require.Len(t, s.Events(), 1)
				e := attributes(s.Events()[0].Attributes)
				assert.Equal(t, "panic: boom", e["exception.message"])
				assert.Contains(t, e["exception.stacktrace"], "tracer_test.go")
			}
		})
	}
}

// flaky fails the first n calls.
func flaky(n int32) (*Stock, *atomic.Int32) {
	var calls atomic.Int32
	stock := taking()
	stock.Take = func(context.Context, Item) (Receipt, error) {
		if calls.Add(1) <= n {
			return Receipt{}, endpoint.Errorf(endpoint.Unavailable, "not yet")
		}
		return Receipt{1}, nil
	}
	return stock, &calls
}

// TestAttemptsOfARetry has one span for each attempt, under the one of the call.
func TestAttemptsOfARetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, rec := record(t)
		tracer := otelx.NewTracer(provider)
		telemetry := observe.New(tracer)
		stock, _ := flaky(2)
		shop := &Shop{
			Order: func(ctx context.Context, o Order) (Receipt, error) { return stock.Take(ctx, Item{o.Item}) },
			Watch: selling(stock).Watch,
		}
		c := overHTTP(t, shop, layers(tracer), layers(telemetry, resilience.NewRetry(4), telemetry.Attempts()))
		_, err := c.Order(t.Context(), Order{"7", "pen"})
		require.NoError(t, err)
		synctest.Wait()

		clients := find(rec, "client", "POST /orders/{id}")
		servers := find(rec, "server", "POST /orders/{id}")
		require.Len(t, clients, 4, "a call and three attempts")
		require.Len(t, servers, 3)
		call := clients[0]
		assert.Equal(t, codes.Unset, call.Status().Code, "the call succeeded in the end")
		for i, attempt := range clients[1:] {
			assert.Equal(t, call.SpanContext().SpanID(), attempt.Parent().SpanID(), "parent of attempt %d", i+1)
			assert.Equal(t, attempt.SpanContext().SpanID(), servers[i].Parent().SpanID(), "what attempt %d called", i+1)
			assert.Equal(t, [3]string{"", "1", "2"}[i], attributes(attempt.Attributes())["http.request.resend_count"])
			assert.Equal(t, i < 2, attempt.Status().Code == codes.Error, "attempt %d failed", i+1)
			assert.Empty(t, attempt.Links(), "no attempt ran beside another")
		}
	})
}

// TestAttemptsOfAHedge has attempts that run side by side.
func TestAttemptsOfAHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, rec := record(t)
		tracer := otelx.NewTracer(provider)
		var calls atomic.Int32
		stock := taking()
		stock.Take = func(ctx context.Context, _ Item) (Receipt, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done() // the first one hangs
				return Receipt{}, ctx.Err()
			}
			return Receipt{1}, nil
		}
		shop := &Shop{
			Order: func(ctx context.Context, o Order) (Receipt, error) { return stock.Take(ctx, Item{o.Item}) },
			Watch: selling(stock).Watch,
		}
		c := overHTTP(t, shop, layers(tracer), layers(tracer, resilience.NewHedge(50*time.Millisecond), tracer.Attempts()))
		_, err := c.Order(t.Context(), Order{"7", "pen"})
		require.NoError(t, err)
		synctest.Wait()

		clients := find(rec, "client", "POST /orders/{id}")
		require.Len(t, clients, 3)
		first, second := clients[1], clients[2]
		assert.Empty(t, first.Links())
		require.Len(t, second.Links(), 1)
		assert.Equal(t, first.SpanContext().SpanID(), second.Links()[0].SpanContext.SpanID())
		assert.Equal(t, "1", attributes(second.Attributes())["http.request.resend_count"])
		require.Len(t, find(rec, "server", "POST /orders/{id}"), 2)
	})
}

// TestNested has an endpoint that is traced by itself inside of a service that
// is: what is within a server's span is no second server's.
func TestNested(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	tracer := otelx.NewTracer(provider)
	stock := taking()
	shop := selling(stock)
	shop.Order = endpoint.Chain(shop.Order, tracer.Wrap)
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
	req.Header.Set("Content-Type", "application/json")
	mount(t, shop, tracer).ServeHTTP(w, req)
	require.Equal(t, 200, w.Code)
	outer, inner := one(t, rec, "server", "POST /orders/{id}"), one(t, rec, "internal", "POST /orders/{id}")
	assert.Equal(t, outer.SpanContext().SpanID(), inner.Parent().SpanID())
}

// TestInProcess has an endpoint of no service.
func TestInProcess(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	e := func(context.Context, int) (int, error) { return 0, ErrSoldOut }
	_, err := endpoint.Chain(e, otelx.NewTracer(provider).Wrap)(t.Context(), 1)
	require.ErrorIs(t, err, ErrSoldOut)
	s := one(t, rec, "internal", "endpoint")
	assert.Equal(t, codes.Error, s.Status().Code)
	assert.Equal(t, map[string]string{"error.type": "FAILED_PRECONDITION", "endpoint.error": "stock/SOLD_OUT"}, attributes(s.Attributes()))
}

// TestTextFromOutside has an error whose text is no UTF-8 and far too long: an
// exporter would drop the whole batch for it.
func TestTextFromOutside(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	e := func(context.Context, int) (int, error) {
		return 0, errors.New("\xff" + strings.Repeat("x", 1<<20))
	}
	_, err := endpoint.Chain(e, otelx.NewTracer(provider).Wrap)(t.Context(), 1)
	require.Error(t, err)
	text := one(t, rec, "internal", "endpoint").Status().Description
	assert.LessOrEqual(t, len(text), 5000)
	assert.True(t, strings.HasPrefix(text, "\uFFFDxxx"), "%.10q", text)
}

// TestFaults has what NewTracer refuses: the layer reports it where it is
// mounted.
func TestFaults(t *testing.T) {
	t.Parallel()
	tracer := otelx.NewTracer(nil, otelx.Propagators(nil), nil)
	for _, want := range []string{"the provider is nil", "the propagator is nil", "option 1 is nil"} {
		assert.ErrorContains(t, tracer.Err(), want)
	}
	e := func(context.Context, int) (int, error) { return 1, nil }
	_, err := endpoint.Chain(e, tracer.Wrap)(t.Context(), 1)
	require.Error(t, err)
}

// TestOutside has another library's span around the server: it is the parent,
// not what the caller sent.
func TestOutside(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	h := mount(t, selling(taking()), otelx.NewTracer(provider))
	ctx, outer := provider.Tracer("other").Start(t.Context(), "outer", trace.WithSpanKind(trace.SpanKindServer))
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h.ServeHTTP(httptest.NewRecorder(), req)
	outer.End()
	assert.Equal(t, outer.SpanContext().SpanID(), one(t, rec, "server", "POST /orders/{id}").Parent().SpanID())
}

// TestZeroTracer: no method of a zero Tracer panics.
func TestZeroTracer(t *testing.T) {
	t.Parallel()
	const want = "otelx: Tracer: make it with NewTracer"
	var tracer otelx.Tracer
	require.EqualError(t, tracer.Err(), want)
	require.EqualError(t, (*otelx.Tracer)(nil).Err(), want)
	_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 1, nil }, tracer.Wrap)(t.Context(), 1)
	require.ErrorContains(t, err, want)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	assert.Nil(t, tracer.Observe(&endpoint.Operation{}))
	assert.Nil(t, tracer.ObserveAttempts(&endpoint.Operation{}))
	require.EqualError(t, observe.New(&tracer).Err(), want)
	endpointtest.Layer(t, &tracer)
}

// TestSharedWork: a span in a flight, or in a hedged attempt, of a call that is served
// is one within the span of that call, though the work has a Call of its own.
func TestSharedWork(t *testing.T) {
	t.Parallel()
	type order = endpoint.Endpoint[Order, Receipt]
	for _, tt := range []struct {
		name string
		wrap func(order, *otelx.Tracer) order
	}{
		{"flight", func(e order, tracer *otelx.Tracer) order {
			return endpoint.Chain(e, resilience.Coalesce(func(o Order) string { return o.ID }).Wrap, tracer.Wrap)
		}},
		{"hedge", func(e order, tracer *otelx.Tracer) order {
			return endpoint.Chain(e, resilience.NewHedge(time.Hour).Wrap, tracer.Wrap)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, rec := record(t)
			tracer := otelx.NewTracer(provider)
			shop := selling(taking())
			shop.Order = tt.wrap(shop.Order, tracer)
			get(t, mount(t, shop, tracer))
			outer := one(t, rec, "server", "POST /orders/{id}")
			inner := one(t, rec, "internal", "POST /orders/{id}")
			below(t, outer, inner)
		})
	}
}

// TestRouteBelowPrefix has a server behind http.StripPrefix, whose clients know the whole
// path.
func TestRouteBelowPrefix(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	meter, read := meterOf(t)
	h := http.StripPrefix("/api", mount(t, selling(taking()), otelx.NewTracer(provider), meter))
	server := httptest.NewServer(h)
	defer server.Close()
	var c Shop
	require.NoError(t, httpx.Client(httpx.To(server.URL+"/api"), &c))
	require.NoError(t, order(t.Context(), &c))
	span := one(t, rec, "server", "POST /api/orders/{id}")
	require.Equal(t, "/api/orders/{id}", attributes(span.Attributes())["http.route"])
	for set := range collected(t, read, "http.server.request.duration") {
		require.Contains(t, set, "http.route=/api/orders/{id}")
	}
}
