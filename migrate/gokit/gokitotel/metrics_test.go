package gokitotel_test

import (
	"fmt"
	"sync"
	"testing"

	kitprometheus "github.com/go-kit/kit/metrics/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/migrate/gokit/gokitotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// meter returns a meter, and a func that collects its metrics by name.
func meter(t *testing.T) (metric.Meter, func() map[string]metricdata.Aggregation) {
	t.Helper()
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithCardinalityLimit(-1))
	return provider.Meter("test"), func() map[string]metricdata.Aggregation {
		var rm metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &rm))
		byName := map[string]metricdata.Aggregation{}
		for _, m := range rm.ScopeMetrics[0].Metrics {
			byName[m.Name] = m.Data
		}
		return byName
	}
}

// points returns the values of a metric by their attributes.
func points(of []metricdata.DataPoint[float64]) map[string]float64 {
	values := map[string]float64{}
	for _, p := range of {
		values[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
	}
	return values
}

func TestCounterAndHistogram(t *testing.T) {
	t.Parallel()
	m, collect := meter(t)
	c, err := m.Float64Counter("count")
	require.NoError(t, err)
	counter := gokitotel.Counter(c)
	counter.Add(1)
	counter.With("method", "sum").Add(2)
	counter.With("method", "sum").With("error").Add(3)
	counter.With("method", "sum").With("method", "concat").Add(4)
	h, err := m.Float64Histogram("took")
	require.NoError(t, err)
	gokitotel.Histogram(h).With("method", "sum").Observe(0.5)
	gokitotel.Histogram(h).With("method", "sum").Observe(1.5)

	all := collect()
	require.Equal(t, map[string]float64{
		"": 1, "method=sum": 2, "error=unknown,method=sum": 3, "method=concat": 4,
	}, points(all["count"].(metricdata.Sum[float64]).DataPoints))
	took := all["took"].(metricdata.Histogram[float64]).DataPoints
	require.Len(t, took, 1)
	require.EqualValues(t, 2, took[0].Count)
	require.InDelta(t, 2, took[0].Sum, 0)
}

func TestGauge(t *testing.T) {
	t.Parallel()
	m, collect := meter(t)
	g, err := m.Float64Gauge("depth")
	require.NoError(t, err)
	gauge := gokitotel.Gauge(g)
	gauge.Set(5)
	gauge.Add(-2)
	var adds sync.WaitGroup
	for range 100 {
		adds.Go(func() { gauge.With("queue", "a").Add(1) })
	}
	adds.Wait()
	require.Equal(t, map[string]float64{"": 3, "queue=a": 100}, points(collect()["depth"].(metricdata.Gauge[float64]).DataPoints))
}

// TestGaugeBound has more sets of labels than a gauge keeps.
func TestGaugeBound(t *testing.T) {
	t.Parallel()
	m, collect := meter(t)
	g, err := m.Float64Gauge("depth")
	require.NoError(t, err)
	gauge := gokitotel.Gauge(g)
	for i := range 3000 {
		gauge.With("queue", fmt.Sprint(i)).Add(1)
	}
	gauge.With("queue", "0").Add(1)
	values := points(collect()["depth"].(metricdata.Gauge[float64]).DataPoints)
	require.Len(t, values, 2001)
	require.InDelta(t, 1000, values["otel.metric.overflow=true"], 0)
	require.InDelta(t, 2, values["queue=0"], 0)
}

// TestPrometheus has go-kit's own metrics in the registry of a program of ours.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"method"})
	require.NoError(t, registry.Register(vec))
	kitprometheus.NewCounter(vec).With("method", "sum").Add(2)
	n, err := testutil.GatherAndCount(registry, "requests_total")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.InDelta(t, 2, testutil.ToFloat64(vec), 0)
}
