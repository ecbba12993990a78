package otelx_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/resilience"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// below checks that each span is the child of the one before it.
func below(tb testing.TB, line ...sdktrace.ReadOnlySpan) {
	tb.Helper()
	for i, s := range line[1:] {
		require.Equal(tb, line[i].SpanContext().SpanID(), s.Parent().SpanID(), "parent of span %d, %s %s", i+1, s.SpanKind(), s.Name())
		require.Equal(tb, line[0].SpanContext().TraceID(), s.SpanContext().TraceID(), "trace of span %d", i+1)
	}
}

// lineOf returns the four spans of a call from end to end.
func lineOf(tb testing.TB, rec *tracetest.SpanRecorder, http, grpc string) []sdktrace.ReadOnlySpan {
	tb.Helper()
	return []sdktrace.ReadOnlySpan{
		one(tb, rec, "client", http), one(tb, rec, "server", http), one(tb, rec, "client", grpc), one(tb, rec, "server", grpc),
	}
}

// watch asks for receipts and reads all.
func watch(ctx context.Context, c *Shop) error {
	receipts, err := c.Watch(ctx, Watch{3})
	if err != nil {
		return err
	}
	all, err := receipts.Collect()
	if err == nil && len(all) != 3 {
		err = errors.New("not three receipts")
	}
	return err
}

func order(ctx context.Context, c *Shop) error {
	_, err := c.Order(ctx, Order{"7", "pen"})
	return err
}

// TestAttemptsOnTheWay has the calls in the middle of a trace repeated and
// hedged: each attempt is a child of the call, and what its server continues.
func TestAttemptsOnTheWay(t *testing.T) {
	t.Parallel()
	const orders, receipts, take, count = "POST /orders/{id}", "GET /receipts", "shop.v1.Stock/Take", "shop.v1.Stock/Count"
	retry := func() endpoint.Layer { return resilience.NewRetry(3) }
	hedge := func() endpoint.Layer { return resilience.NewHedge(50 * time.Millisecond) }
	for _, tt := range []struct {
		name       string
		policy     func() endpoint.Layer
		first      func(ctx context.Context) error // what the first attempt meets
		call       func(ctx context.Context, c *Shop) error
		http, grpc string
	}{
		{"retry", retry, away, order, orders, take},
		{"retry of a stream", retry, away, watch, receipts, count},
		{"hedge", hedge, hang, order, orders, take},
		{"hedge of a stream", hedge, hang, watch, receipts, count},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				telemetry := observe.New(otelx.NewTracer(provider))
				ls := layers(telemetry)
				stock := overGRPC(t, stumbling(tt.first), ls, layers(telemetry, tt.policy(), telemetry.Attempts()))
				require.NoError(t, tt.call(t.Context(), overHTTP(t, selling(stock), ls, ls)))
				synctest.Wait()

				clients, servers := find(rec, "client", tt.grpc), find(rec, "server", tt.grpc)
				require.Len(t, clients, 3, "a call and two attempts")
				require.Len(t, servers, 2)
				call := clients[0]
				assert.Equal(t, codes.Unset, call.Status().Code, "the call succeeded in the end")
				for i, attempt := range clients[1:] {
					below(t, one(t, rec, "client", tt.http), one(t, rec, "server", tt.http), call, attempt, servers[i])
					assert.Equal(t, [2]string{"", "1"}[i], attributes(attempt.Attributes())["rpc.attempt.previous"])
				}
				assert.Equal(t, codes.Error, clients[1].Status().Code)
				assert.Equal(t, codes.Unset, clients[2].Status().Code)
			})
		})
	}
}

func away(context.Context) error { return endpoint.Errorf(endpoint.Unavailable, "away") }

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// stumbling is a Stock whose first call meets something else.
func stumbling(first func(ctx context.Context) error) *Stock {
	stock := taking()
	take, count := stock.Take, stock.Count
	var calls atomic.Int32
	stumble := func(ctx context.Context) error {
		if calls.Add(1) == 1 {
			return first(ctx)
		}
		return nil
	}
	stock.Take = func(ctx context.Context, i Item) (Receipt, error) {
		if err := stumble(ctx); err != nil {
			return Receipt{}, err
		}
		return take(ctx, i)
	}
	stock.Count = func(ctx context.Context, i Item) (endpoint.Stream[Receipt], error) {
		return func(yield func(Receipt, error) bool) {
			if err := stumble(ctx); err != nil {
				yield(Receipt{}, err)
				return
			}
			items, _ := count(ctx, i)
			items(yield)
		}, nil
	}
	return stock
}

// TestOneTraceOfFailures has calls that fail at the far end: all four spans are
// there, and say what each end is told.
func TestOneTraceOfFailures(t *testing.T) {
	t.Parallel()
	clientsFail := [4]codes.Code{codes.Error, codes.Unset, codes.Error, codes.Unset}
	allFail := [4]codes.Code{codes.Error, codes.Error, codes.Error, codes.Error}
	for _, tt := range []struct {
		name         string
		stock        *Stock
		inner        []endpoint.Layer // of the far server
		status, code string
		spans        [4]codes.Code
	}{
		{"refused", taking(), layers(exhausted(t)), "429", "RESOURCE_EXHAUSTED", clientsFail},
		{"not found", failing(endpoint.Errorf(endpoint.NotFound, "no pens")), nil, "500", "NOT_FOUND", [4]codes.Code{codes.Error, codes.Error, codes.Error, codes.Unset}},
		{"away", failing(endpoint.Errorf(endpoint.Unavailable, "away")), nil, "503", "UNAVAILABLE", allFail},
		{"panic", failing(nil), nil, "500", "INTERNAL", allFail},
	} {
		for _, way := range []struct {
			name, http, grpc string
			call             func(ctx context.Context, c *Shop) error
		}{
			{"unary", "POST /orders/{id}", "shop.v1.Stock/Take", order},
			{"stream", "GET /receipts", "shop.v1.Stock/Count", watch},
		} {
			t.Run(tt.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					provider, rec := record(t)
					ls := layers(otelx.NewTracer(provider))
					c := overHTTP(t, selling(overGRPC(t, tt.stock, append(layers(ls...), tt.inner...), ls)), ls, ls)
					require.Error(t, way.call(t.Context(), c))
					synctest.Wait()
					line := lineOf(t, rec, way.http, way.grpc)
					below(t, line...)
					for i, s := range line {
						got := attributes(s.Attributes())
						assert.Equal(t, tt.spans[i], s.Status().Code, "status of span %d: %v", i, got)
						if i < 2 {
							assert.Equal(t, tt.status, got["http.response.status_code"], "span %d", i)
						} else {
							assert.Equal(t, tt.code, got["rpc.response.status_code"], "span %d", i)
						}
					}
				})
			})
		}
	}
}

// exhausted is a limiter that lets nothing more through.
func exhausted(tb testing.TB) endpoint.Layer {
	tb.Helper()
	limiter := resilience.NewLimiter(0.001, 1)
	_, _, err := limiter.Enter(tb.Context())
	require.NoError(tb, err)
	return limiter
}

// failing is a Stock that fails; it panics for a nil err.
func failing(err error) *Stock {
	fail := func() error {
		if err == nil {
			panic("boom")
		}
		return err
	}
	return &Stock{
		Take: func(context.Context, Item) (Receipt, error) { return Receipt{}, fail() },
		Count: func(context.Context, Item) (endpoint.Stream[Receipt], error) {
			return func(yield func(Receipt, error) bool) { yield(Receipt{}, fail()) }, nil
		},
	}
}

// TestStreamsThatEndEarly has a stream that its reader breaks off, and one that
// fails after an item: the spans of all ends end, and the first item is in each.
func TestStreamsThatEndEarly(t *testing.T) {
	t.Parallel()
	fails := taking()
	fails.Count = func(context.Context, Item) (endpoint.Stream[Receipt], error) {
		return func(yield func(Receipt, error) bool) {
			_ = yield(Receipt{1}, nil) && yield(Receipt{}, endpoint.Errorf(endpoint.Unavailable, "away"))
		}, nil
	}
	for _, tt := range []struct {
		name  string
		stock *Stock
		code  codes.Code
	}{
		{"break", taking(), codes.Unset},
		{"failure", fails, codes.Error},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, rec := record(t)
				c := chain(t, otelx.NewTracer(provider), tt.stock)
				receipts, err := c.Watch(t.Context(), Watch{3})
				require.NoError(t, err)
				for _, err = range receipts {
					if tt.name == "break" {
						break
					}
				}
				require.Equal(t, tt.name == "failure", err != nil)
				synctest.Wait()
				line := lineOf(t, rec, "GET /receipts", "shop.v1.Stock/Count")
				below(t, line...)
				for i, s := range line {
					assert.Equal(t, tt.code, s.Status().Code, "status of span %d: %v", i, attributes(s.Attributes()))
					require.Len(t, s.Events(), 1, "events of span %d", i)
				}
			})
		})
	}
}

// OddShop and OddStock call what Shop and Stock serve with requests of another
// type.
type OddShop struct {
	Order endpoint.Endpoint[OddOrder, Receipt]
}

type OddOrder struct {
	ID   string `path:"id"`
	Item int    `json:"item"`
}

func (s *OddShop) HTTP(r *httpx.Routes) { r.POST("/orders/{id}", &s.Order) }

type OddStock struct {
	Take endpoint.Endpoint[int, Receipt]
}

func (s *OddStock) GRPC(m *grpcx.Methods) {
	m.Service("shop.v1.Stock")
	m.Unary("Take", &s.Take)
}

// TestRequestsThatCannotBeDecoded has those of both transports, in the traces
// of their clients.
func TestRequestsThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, rec := record(t)
		ls := layers(otelx.NewTracer(provider))
		var shop OddShop
		require.NoError(t, httpx.Client(serve(t, mount(t, selling(taking()), ls...)), &shop, httpx.Use(ls...)))
		_, err := shop.Order(t.Context(), OddOrder{"7", 1})
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))

		var stock OddStock
		require.NoError(t, grpcx.Client(grpcx.To(serveGRPC(t, taking(), ls)), &stock, grpcx.Use(ls...)))
		_, err = stock.Take(t.Context(), 1)
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
		synctest.Wait()

		for _, tt := range []struct{ name, key, value string }{
			{"POST /orders/{id}", "http.response.status_code", "400"},
			{"shop.v1.Stock/Take", "rpc.response.status_code", "INVALID_ARGUMENT"},
		} {
			client, server := one(t, rec, "client", tt.name), one(t, rec, "server", tt.name)
			below(t, client, server)
			assert.Equal(t, codes.Error, client.Status().Code)
			assert.Equal(t, codes.Unset, server.Status().Code, "the caller is at fault")
			for _, s := range []sdktrace.ReadOnlySpan{client, server} {
				assert.Equal(t, tt.value, attributes(s.Attributes())[tt.key])
				assert.Equal(t, "endpoint/INVALID_REQUEST", attributes(s.Attributes())["endpoint.error"])
			}
		}
	})
}
