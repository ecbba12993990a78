package promx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/resilience"
)

var ErrNotFound = endpoint.Define(endpoint.NotFound, "profiles", "NOT_FOUND", "not found")

// Profiles is a service of a unary and a streaming operation.
type Profiles struct {
	Get  endpoint.Endpoint[ByID, Profile]
	List endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Profile]]
}

type ByID struct {
	ID string `path:"id"`
}

type Profile struct {
	Name string `json:"name"`
}

func (p *Profiles) HTTP(r *httpx.Routes) {
	r.GET("/profiles/{id}", &p.Get, httpx.Fails(ErrNotFound))
	r.ServerStream("GET", "/profiles", &p.List)
}

func profiles() *Profiles {
	return &Profiles{
		Get: func(_ context.Context, r ByID) (Profile, error) {
			if r.ID == "nobody" {
				return Profile{}, ErrNotFound
			}
			return Profile{"ada"}, nil
		},
		List: func(context.Context, endpoint.Empty) (endpoint.Stream[Profile], error) {
			return func(yield func(Profile, error) bool) { _ = yield(Profile{"ada"}, nil) && yield(Profile{"bob"}, nil) }, nil
		},
	}
}

func mount(tb testing.TB, layers ...endpoint.Layer) http.Handler {
	tb.Helper()
	r := chi.NewRouter()
	require.NoError(tb, httpx.Mount(r, profiles(), httpx.Use(layers...)))
	return r
}

func get(tb testing.TB, h http.Handler, path string) int {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, path, http.NoBody))
	return w.Code
}

// gathered returns what a scrape has of a metric, by its labels: the value of a
// counter or a gauge, the count of a histogram.
func gathered(tb testing.TB, m *promx.Metrics, name string) map[string]int {
	tb.Helper()
	got := map[string]int{}
	for _, metric := range family(tb, m, name).GetMetric() {
		var labels []string
		for _, l := range metric.GetLabel() {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		v := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		got[strings.Join(labels, " ")] = int(v)
	}
	return got
}

func family(tb testing.TB, m *promx.Metrics, name string) *dto.MetricFamily {
	tb.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(tb, reg.Register(m))
	families, err := reg.Gather()
	require.NoError(tb, err)
	for _, f := range families {
		if f.GetName() == name {
			return f
		}
	}
	return nil
}

func TestMetricsAreALayer(t *testing.T) {
	t.Parallel()
	endpointtest.Layer(t, promx.New())
	endpointtest.Layer(t, promx.New(promx.Sizes(), promx.Exemplars(func(context.Context) string { return "1" })))
}

// TestCalls has the series of each outcome.
func TestCalls(t *testing.T) {
	t.Parallel()
	m := promx.New()
	limiter := resilience.NewLimiter(0.001, 4)
	h := mount(t, m, limiter)
	for path, status := range map[string]int{"/profiles/1": 200, "/profiles/2": 200, "/profiles/nobody": 404, "/profiles": 200} {
		require.Equal(t, status, get(t, h, path), path)
	}
	require.Equal(t, 429, get(t, h, "/profiles/1"))

	const op = " operation=Get service=Profiles side=server transport=http"
	want := map[string]int{
		"code=OK" + op: 2, "code=NOT_FOUND" + op: 1, "code=RESOURCE_EXHAUSTED" + op: 1,
		"code=OK operation=List service=Profiles side=server transport=http": 1,
	}
	assert.Equal(t, want, gathered(t, m, "endpoint_calls_total"))
	assert.Equal(t, want, gathered(t, m, "endpoint_call_duration_seconds"))
	assert.Equal(t, map[string]int{"operation=List service=Profiles side=server transport=http": 1}, gathered(t, m, "endpoint_first_item_seconds"))
	assert.Equal(t, 0, gathered(t, m, "endpoint_calls_in_flight")[op[1:]])
	assert.Positive(t, gathered(t, m, "endpoint_response_bytes_total")[op[1:]])
	for _, metric := range family(t, m, "endpoint_call_duration_seconds").GetMetric() {
		assert.Len(t, metric.GetHistogram().GetBucket(), 17, "classic buckets")
		assert.NotNil(t, metric.GetHistogram().Schema, "native buckets")
	}
}

// TestInFlight reads the gauge from inside of a call.
func TestInFlight(t *testing.T) {
	t.Parallel()
	m := promx.New()
	inside := map[string]int{}
	e := func(context.Context, int) (int, error) {
		inside = gathered(t, m, "endpoint_calls_in_flight")
		return 0, nil
	}
	_, _ = endpoint.Chain(e, m.Wrap)(t.Context(), 1)
	const labels = "operation= service= side= transport="
	assert.Equal(t, map[string]int{labels: 1}, inside)
	assert.Equal(t, map[string]int{labels: 0}, gathered(t, m, "endpoint_calls_in_flight"))

	panics := func(context.Context, int) (int, error) { panic("boom") }
	assert.Panics(t, func() { _, _ = endpoint.Chain(panics, m.Wrap)(t.Context(), 1) })
	assert.Equal(t, map[string]int{labels: 0}, gathered(t, m, "endpoint_calls_in_flight"))
}

// TestSizes has the histograms that an option adds.
func TestSizes(t *testing.T) {
	t.Parallel()
	assert.Empty(t, gathered(t, promx.New(), "endpoint_response_size_bytes"))
	m := promx.New(promx.Sizes())
	get(t, mount(t, m), "/profiles/1")
	f := family(t, m, "endpoint_response_size_bytes")
	require.Len(t, f.GetMetric(), 1)
	assert.InDelta(t, len(`{"name":"ada"}`), f.GetMetric()[0].GetHistogram().GetSampleSum(), 0)
}

// run makes a call of op, on the side that op names, that m observes.
func run(tb testing.TB, m *promx.Metrics, op *endpoint.Operation, err error) {
	tb.Helper()
	ctx, _, callErr := endpoint.StartCall(tb.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(tb, callErr)
	layer := m.For(op)
	inner, token, enterErr := layer.Enter(ctx)
	require.NoError(tb, enterErr)
	_ = layer.Exit(inner, token, err)
}

// TestBounded has callers who ask for 100,000 paths, and operations that are
// made anew all the time.
func TestBounded(t *testing.T) {
	t.Parallel()
	m := promx.New()
	h := mount(t, m)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/profiles/0", http.NoBody)
	w := httptest.NewRecorder()
	for i := range 100_000 {
		r.URL.Path = "/profiles/" + strconv.Itoa(i)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		h.ServeHTTP(w, r)
		w.Body.Reset()
	}
	assert.Equal(t, map[string]int{"code=OK operation=Get service=Profiles side=server transport=http": 100_000}, gathered(t, m, "endpoint_calls_total"))

	m = promx.New(promx.MaxOperations(10))
	for i := range 1000 {
		run(t, m, &endpoint.Operation{Service: "S", Name: strconv.Itoa(i), Side: endpoint.ClientSide}, nil)
		m.Event(t.Context(), endpoint.Event{Source: "breaker", Kind: strconv.Itoa(i)})
	}
	got := gathered(t, m, "endpoint_calls_total")
	assert.Len(t, got, 11)
	assert.Equal(t, 990, got["code=OK operation=other service=other side=client transport=other"])
	assert.Len(t, gathered(t, m, "endpoint_events_total"), 101)
}

// TestSiblings has operations whose series are made side by side: none gets
// another's labels. (Where labels are appended to a shared slice, they do.)
func TestSiblings(t *testing.T) {
	t.Parallel()
	m := promx.New(promx.Sizes())
	var wg sync.WaitGroup
	for i := range 50 {
		for _, side := range []endpoint.Side{endpoint.ServerSide, endpoint.ClientSide} {
			op := &endpoint.Operation{Service: "S" + strconv.Itoa(i), Name: "N" + strconv.Itoa(i), Side: side, Transport: "t" + strconv.Itoa(i)}
			for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
				wg.Go(func() { run(t, m, op, endpoint.Errorf(code, "no")) })
			}
		}
	}
	wg.Wait()
	for _, name := range []string{"endpoint_calls_total", "endpoint_call_duration_seconds"} {
		got := gathered(t, m, name)
		assert.Len(t, got, 50*2*16, name)
		for labels, v := range got {
			assert.Equal(t, 1, v, "%s{%s}", name, labels)
		}
		assert.Contains(t, got, "code=DATA_LOSS operation=N7 service=S7 side=client transport=t7", name)
	}
}

// TestOneName has the same service mounted twice: one series, no clash.
func TestOneName(t *testing.T) {
	t.Parallel()
	m := promx.New()
	get(t, mount(t, m), "/profiles/1")
	get(t, mount(t, m), "/profiles/1")
	assert.Equal(t, map[string]int{"code=OK operation=Get service=Profiles side=server transport=http": 2}, gathered(t, m, "endpoint_calls_total"))
}

// TestTextFromOutside has labels that no exposition can hold as they are.
func TestTextFromOutside(t *testing.T) {
	t.Parallel()
	m := promx.New(promx.Exemplars(func(context.Context) string { return "\xff" + strings.Repeat("x", 1000) }))
	run(t, m, &endpoint.Operation{Service: "a\xffb", Name: strings.Repeat("n", 1000) + "\n\"", Side: endpoint.ServerSide}, nil)
	m.Event(t.Context(), endpoint.Event{Source: "\xff", Name: "\x00"})
	m.Watch(func(yield func(endpoint.Gauge) bool) {
		yield(endpoint.Gauge{Source: "My pool\xff", Metric: "in-use", Detail: "\xfe"})
	})
	for labels := range gathered(t, m, "endpoint_calls_total") {
		assert.True(t, utf8.ValidString(labels))
		assert.Contains(t, labels, "service=a\uFFFDb")
		assert.Less(t, len(labels), 300)
	}
	assert.Len(t, gathered(t, m, "endpoint_my_pool__in_use"), 1)
	run(t, m, &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Errorf(endpoint.Code(99), "odd"))
	assert.Contains(t, gathered(t, m, "endpoint_calls_total"), "code=UNKNOWN operation= service= side=server transport=")
}

type traceKey struct{}

// TestExemplars has calls of which one is traced.
func TestExemplars(t *testing.T) {
	t.Parallel()
	m := promx.New(promx.Exemplars(func(ctx context.Context) string { id, _ := ctx.Value(traceKey{}).(string); return id }))
	e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, nil }, m.Wrap)
	_, _ = e(t.Context(), 1)
	_, _ = e(context.WithValue(t.Context(), traceKey{}, "0af7651916cd43dd8448eb211c80319c"), 1)
	var ids []string
	for _, b := range family(t, m, "endpoint_call_duration_seconds").GetMetric()[0].GetHistogram().GetBucket() {
		for _, l := range b.GetExemplar().GetLabel() {
			ids = append(ids, l.GetName()+"="+l.GetValue())
		}
	}
	assert.Equal(t, []string{"trace_id=0af7651916cd43dd8448eb211c80319c"}, ids)
}

// TestStatesAndEvents has those of policies.
func TestStatesAndEvents(t *testing.T) {
	t.Parallel()
	m := promx.New()
	failing := func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "down") }
	named := resilience.NewBreaker(2, resilience.Named("stock"), resilience.OnEvent(m.Event))
	nameless, twin := resilience.NewBreaker(2), resilience.NewBreaker(2)
	m.Watch(named.Gauges, nameless.Gauges, twin.Gauges, nil)
	e := endpoint.Chain(failing, named.Wrap)
	for range 3 {
		_, err := e(t.Context(), 1)
		require.Error(t, err)
	}
	assert.Equal(t, map[string]int{"detail= name= operation= service=": 0, "detail= name=stock operation= service=": int(named.State())},
		gathered(t, m, "endpoint_breaker_state"))
	events := gathered(t, m, "endpoint_events_total")
	assert.Equal(t, 1, events["kind=opened name=stock operation= service= source=breaker"], "%v", events)
	assert.Equal(t, 1, events["kind=rejected name=stock operation= service= source=breaker"], "%v", events)
}

// TestPool has the events and the states of a pool.
func TestPool(t *testing.T) {
	t.Parallel()
	m := promx.New()
	pool := discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil }, discover.Named("stock"), discover.OnEvent(m.Event))
	m.Watch(pool.Gauges)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- pool.Run(ctx, discover.Static("10.0.0.1:80", "10.0.0.2:80")) }()
	target := pool.For(&endpoint.Operation{})
	_, token, err := target.Acquire(t.Context())
	require.NoError(t, err)

	const none = " name=stock operation= service="
	assert.Equal(t, map[string]int{"detail=" + none: 2}, gathered(t, m, "endpoint_pool_instances"))
	pending := gathered(t, m, "endpoint_pool_pending")
	assert.Len(t, pending, 2)
	assert.Equal(t, 1, pending["detail=10.0.0.1:80"+none]+pending["detail=10.0.0.2:80"+none])
	assert.Positive(t, gathered(t, m, "endpoint_events_total")["kind=joined"+none+" source=pool"])
	target.Release(token, nil)
	stop()
	require.NoError(t, <-done)
}

// TestNothingGlobal has calls, events and states: of none of them the library's
// own registry knows.
func TestNothingGlobal(t *testing.T) {
	t.Parallel()
	_ = used(t)
	families, err := prometheus.DefaultGatherer.Gather()
	require.NoError(t, err)
	for _, f := range families {
		assert.NotContains(t, f.GetName(), "endpoint")
	}
}

// TestFaults has what New refuses.
func TestFaults(t *testing.T) {
	t.Parallel()
	m := promx.New(nil, promx.MaxOperations(0), promx.Exemplars(nil), promx.Buckets(1, 1))
	for _, want := range []string{"option 0 is nil", "MaxOperations: 0", "Exemplars", "Buckets: 1 after 1"} {
		assert.ErrorContains(t, m.Err(), want)
	}
	_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 1, nil }, m.Wrap)(t.Context(), 1)
	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrNotFound)
}

// TestZeroMetrics: no method of zero Metrics panics.
func TestZeroMetrics(t *testing.T) {
	t.Parallel()
	const want = "promx: Metrics: make it with New"
	var m promx.Metrics
	require.EqualError(t, m.Err(), want)
	require.EqualError(t, (*promx.Metrics)(nil).Err(), want)
	_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 1, nil }, m.Wrap)(t.Context(), 1)
	require.ErrorContains(t, err, want)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	assert.Nil(t, m.Observe(&endpoint.Operation{}))
	m.Event(t.Context(), endpoint.Event{Source: "breaker", Kind: "opened"})
	m.Watch(nil, resilience.NewBreaker(1).Gauges)
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(&m))
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Empty(t, families)
	endpointtest.Layer(t, &m)
}
