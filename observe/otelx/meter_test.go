package otelx_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/resilience"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// meterOf returns a Meter and what reads it.
func meterOf(tb testing.TB, opts ...otelx.MeterOption) (*otelx.Meter, *sdkmetric.ManualReader) {
	tb.Helper()
	reader := sdkmetric.NewManualReader()
	p := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
	tb.Cleanup(func() { _ = p.Shutdown(context.WithoutCancel(tb.Context())) })
	m := otelx.NewMeter(p, opts...)
	require.NoError(tb, m.Err())
	return m, reader
}

// collected returns what there is of an instrument, by its attributes: sums,
// gauges, and the counts of histograms.
func collected(tb testing.TB, r *sdkmetric.ManualReader, name string) map[string]int {
	tb.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(tb, r.Collect(tb.Context(), &all))
	got := map[string]int{}
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			if m.Name != name {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					got[text(p.Attributes)] = int(p.Count) //nolint:gosec // few
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					got[text(p.Attributes)] = int(p.Sum)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					got[text(p.Attributes)] = int(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					got[text(p.Attributes)] = int(p.Value)
				}
			}
		}
	}
	return got
}

func text(set attribute.Set) string {
	var kvs []string
	for _, kv := range set.ToSlice() {
		kvs = append(kvs, string(kv.Key)+"="+kv.Value.String())
	}
	return strings.Join(kvs, " ")
}

func TestMeterIsALayer(t *testing.T) {
	t.Parallel()
	m, _ := meterOf(t, otelx.Sizes())
	endpointtest.Layer(t, m)
}

// TestMeter has the instruments of both sides of both transports.
func TestMeter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, r := meterOf(t, otelx.Sizes())
		c := chain(t, m, taking())
		for _, item := range []string{"pen", "pen", "nothing"} {
			_, _ = c.Order(t.Context(), Order{"7", item})
		}
		receipts, err := c.Watch(t.Context(), Watch{3})
		require.NoError(t, err)
		for range receipts {
		}
		synctest.Wait()

		const post, take = "endpoint.operation=Shop.Order", "endpoint.operation=Stock.Take"
		for _, tt := range []struct {
			instrument, attributes string
			want                   int
		}{
			{"http.server.request.duration", post + " http.request.method=POST http.response.status_code=200 http.route=/orders/{id}", 2},
			{"http.server.request.duration", post + " http.request.method=POST http.response.status_code=400 http.route=/orders/{id}", 1},
			{"http.client.request.duration", "endpoint.operation=Shop.Order error.type=400 http.request.method=POST http.response.status_code=400 url.template=/orders/{id}", 1},
			{"rpc.server.call.duration", take + " rpc.method=shop.v1.Stock/Take rpc.response.status_code=OK rpc.system.name=grpc", 2},
			{"rpc.client.call.duration", take + " error.type=FAILED_PRECONDITION rpc.method=shop.v1.Stock/Take rpc.response.status_code=FAILED_PRECONDITION rpc.system.name=grpc", 1},
			{"http.server.active_requests", post + " http.request.method=POST http.route=/orders/{id}", 0},
			{"http.server.request.body.size", post + " http.request.method=POST http.response.status_code=200 http.route=/orders/{id}", 28},
			{"endpoint.first_item.duration", "endpoint.operation=Shop.Watch http.request.method=GET http.response.status_code=200 url.template=/receipts", 1},
			{"endpoint.first_item.duration", "endpoint.operation=Stock.Count rpc.method=shop.v1.Stock/Count rpc.response.status_code=OK rpc.system.name=grpc", 2},
		} {
			got := collected(t, r, tt.instrument)
			v, ok := got[tt.attributes]
			assert.True(t, ok, "%s has %v", tt.instrument, got)
			assert.Equal(t, tt.want, v, "%s{%s}", tt.instrument, tt.attributes)
		}
	})
}

// observed makes a call of op, on the side that op names, that m observes.
func observed(tb testing.TB, m *otelx.Meter, op *endpoint.Operation, status int, err error) {
	tb.Helper()
	ctx, w, callErr := endpoint.StartCall(tb.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(tb, callErr)
	w.SetStatus(status)
	layer := m.For(op)
	inner, token, enterErr := layer.Enter(ctx)
	require.NoError(tb, enterErr)
	_ = layer.Exit(inner, token, err)
}

// TestMeterBounded has operations, statuses and events without end.
func TestMeterBounded(t *testing.T) {
	t.Parallel()
	m, r := meterOf(t, otelx.MaxOperations(10))
	for i := range 1000 {
		observed(t, m, &endpoint.Operation{Service: "S", Name: strconv.Itoa(i), Transport: "grpc", Side: endpoint.ClientSide}, 0, nil)
		m.Event(t.Context(), endpoint.Event{Source: "breaker", Kind: strconv.Itoa(i)})
	}
	got := collected(t, r, "rpc.client.call.duration")
	assert.Len(t, got, 11)
	assert.Equal(t, 990, got["endpoint.operation=other rpc.method=other rpc.response.status_code=OK rpc.system.name=grpc"], "%v", got)
	assert.Len(t, collected(t, r, "endpoint.events"), 101)

	m, r = meterOf(t, otelx.Sizes())
	op := &endpoint.Operation{Service: "S", Name: "N", Side: endpoint.ClientSide, Transport: "http", Method: "GET", Pattern: "/{id}"}
	for status := range 1000 {
		observed(t, m, op, status, endpoint.Errorf(endpoint.Unknown, "odd"))
	}
	assert.Len(t, collected(t, r, "http.client.request.duration"), 16)
}

// TestMeterCallers has callers without end who ask for paths without end.
func TestMeterCallers(t *testing.T) {
	t.Parallel()
	m, r := meterOf(t)
	h := mount(t, selling(taking()), m)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders/0", http.NoBody)
	req.Header.Set("Content-Type", "application/json")
	for i := range 100_000 {
		req.URL.Path = "/orders/" + strconv.Itoa(i)
		req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		h.ServeHTTP(httptest.NewRecorder(), req)
	}
	got := collected(t, r, "http.server.request.duration")
	assert.Equal(t, map[string]int{"endpoint.operation=Shop.Order http.request.method=POST http.response.status_code=200 http.route=/orders/{id}": 100_000}, got)
	assert.Len(t, collected(t, r, "http.server.active_requests"), 1)
}

// TestMeterExemplars has a call that is recorded: the SDK names its trace.
func TestMeterExemplars(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	m, r := meterOf(t)
	get(t, mount(t, selling(taking()), observe.New(m, otelx.NewTracer(provider))))
	want := one(t, rec, "server", "POST /orders/{id}").SpanContext().TraceID()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.Collect(t.Context(), &all))
	var ids []string
	for _, metric := range all.ScopeMetrics[0].Metrics {
		if data, ok := metric.Data.(metricdata.Histogram[float64]); ok {
			for _, e := range data.DataPoints[0].Exemplars {
				ids = append(ids, hex.EncodeToString(e.TraceID))
			}
		}
	}
	assert.Equal(t, []string{want.String()}, ids)
}

// TestMeterPool has the events and the states of a pool.
func TestMeterPool(t *testing.T) {
	t.Parallel()
	m, r := meterOf(t)
	pool := discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil }, discover.Named("stock"), discover.OnEvent(m.Event))
	require.NoError(t, m.Watch(pool.Gauges))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- pool.Run(ctx, discover.Static("10.0.0.1:80", "10.0.0.2:80")) }()
	_, token, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer func() { stop(); <-done }()
	defer pool.Release(token, nil)

	assert.Equal(t, 2, collected(t, r, "endpoint.state")["endpoint.metric=instances endpoint.name=stock endpoint.source=pool"])
	assert.Positive(t, collected(t, r, "endpoint.events")["endpoint.kind=joined endpoint.name=stock endpoint.source=pool"])
}

// TestMeterSiblings has operations whose attributes are made side by side.
func TestMeterSiblings(t *testing.T) {
	t.Parallel()
	m, r := meterOf(t)
	var wg sync.WaitGroup
	for i := range 50 {
		op := &endpoint.Operation{Service: "S", Name: strconv.Itoa(i), Side: endpoint.ServerSide, Transport: "http", Method: "GET", Pattern: "/" + strconv.Itoa(i)}
		for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
			wg.Go(func() { observed(t, m, op, 500+int(code), endpoint.Errorf(code, "no")) })
		}
	}
	wg.Wait()
	got := collected(t, r, "http.server.request.duration")
	assert.Len(t, got, 50*16)
	for attributes, n := range got {
		assert.Equal(t, 1, n, attributes)
	}
}

// TestMeterStatesAndEvents has those of a policy.
func TestMeterStatesAndEvents(t *testing.T) {
	t.Parallel()
	m, r := meterOf(t)
	breaker := resilience.NewBreaker(1, resilience.Named("stock"), resilience.OnEvent(m.Event))
	require.NoError(t, m.Watch(breaker.Gauges, nil))
	e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "down") }, breaker.Wrap)
	for range 2 {
		_, err := e(t.Context(), 1)
		require.Error(t, err)
	}
	assert.Equal(t, map[string]int{"endpoint.metric=state endpoint.name=stock endpoint.source=breaker": int(breaker.State())}, collected(t, r, "endpoint.state"))
	assert.Equal(t, 1, collected(t, r, "endpoint.events")["endpoint.kind=opened endpoint.name=stock endpoint.source=breaker"])
}

// TestTraceID names the trace of a call that is recorded, and no other.
func TestTraceID(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	var id string
	e := func(ctx context.Context, _ int) (int, error) { id = otelx.TraceID(ctx); return 0, nil }
	_, _ = endpoint.Chain(e, observe.New(otelx.NewTracer(provider)).Wrap)(t.Context(), 1)
	assert.Equal(t, rec.Ended()[0].SpanContext().TraceID().String(), id)
	_, _ = e(t.Context(), 1)
	assert.Empty(t, id)
}

// TestTraceIDs has a log tell the span of the call, also of one that is not
// recorded: that is then its caller's.
func TestTraceIDs(t *testing.T) {
	t.Parallel()
	provider, rec := record(t)
	var out bytes.Buffer
	logger := observe.NewLogger(slog.New(slog.NewTextHandler(&out, nil)), observe.TraceIDs(otelx.TraceIDs))
	shop := mount(t, selling(taking()), observe.New(logger, otelx.NewTracer(provider)))
	get(t, shop)
	s := one(t, rec, "server", "POST /orders/{id}").SpanContext()
	assert.Contains(t, out.String(), " trace_id="+s.TraceID().String()+" span_id="+s.SpanID().String()+"\n")
	out.Reset()
	get(t, shop, "Traceparent: "+unsampled)
	assert.Contains(t, out.String(), " trace_id="+traceID+" span_id="+spanID+"\n")

	trace, span := otelx.TraceIDs(t.Context())
	assert.Empty(t, trace+span)
}

// TestMeterFaults has what NewMeter refuses.
func TestMeterFaults(t *testing.T) {
	t.Parallel()
	m := otelx.NewMeter(nil, nil, otelx.MaxOperations(0))
	for _, want := range []string{"the provider is nil", "option 0 is nil", "MaxOperations: 0"} {
		assert.ErrorContains(t, m.Err(), want)
	}
	require.Error(t, m.Watch())
	m.Event(t.Context(), endpoint.Event{})
	_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 1, nil }, m.Wrap)(t.Context(), 1)
	require.Error(t, err)
}

// TestZeroMeter: no method of a zero Meter panics.
func TestZeroMeter(t *testing.T) {
	t.Parallel()
	const want = "otelx: Meter: make it with NewMeter"
	var meter otelx.Meter
	require.EqualError(t, meter.Err(), want)
	require.EqualError(t, (*otelx.Meter)(nil).Err(), want)
	_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 1, nil }, meter.Wrap)(t.Context(), 1)
	require.ErrorContains(t, err, want)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	assert.Nil(t, meter.Observe(&endpoint.Operation{}))
	require.EqualError(t, meter.Watch(nil), want)
	meter.Event(t.Context(), endpoint.Event{})
	endpointtest.Layer(t, &meter)
}
