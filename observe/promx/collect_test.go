package promx_test

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/promx"
)

// requireScrapes scrapes a registry in every format that Prometheus asks for.
func requireScrapes(tb testing.TB, reg *prometheus.Registry) {
	tb.Helper()
	for _, accept := range []string{
		"", "application/openmetrics-text;version=1.0.0",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
	} {
		r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/metrics", http.NoBody)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
		require.Equal(tb, http.StatusOK, w.Code, "%q: %s", accept, w.Body)
	}
}

// TestRegisteredTwice registers the same series twice, which would make every scrape fail.
func TestRegisteredTwice(t *testing.T) {
	t.Parallel()
	m := used(t)
	for name, second := range map[string]prometheus.Collector{
		"the same": m, "another": used(t), "another before its first call": promx.New(), "one with sizes": promx.New(promx.Sizes()),
	} {
		reg := prometheus.NewRegistry()
		require.NoError(t, reg.Register(m), name)
		require.Error(t, reg.Register(second), name)
		requireScrapes(t, reg)
		require.True(t, reg.Unregister(m), name)
		require.NoError(t, reg.Register(second), name)
		requireScrapes(t, reg)
	}

	// Labels of their own tell two of them apart.
	reg := prometheus.NewRegistry()
	for _, tenant := range []string{"a", "b"} {
		require.NoError(t, prometheus.WrapRegistererWith(prometheus.Labels{"tenant": tenant}, reg).Register(used(t)))
	}
	requireScrapes(t, reg)
}

// TestStateAfterRegister has a state that is new since its Metrics was registered.
func TestStateAfterRegister(t *testing.T) {
	t.Parallel()
	m, reg := promx.New(), prometheus.NewRegistry()
	require.NoError(t, reg.Register(m))
	m.Watch(states(endpoint.Gauge{Source: "pool", Metric: "size", Value: 3}))
	requireScrapes(t, reg)
	families, err := reg.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1)
	require.Equal(t, "endpoint_pool_size", families[0].GetName())
	require.Error(t, reg.Register(m), "which has a series more now")
	requireScrapes(t, reg)
}

// TestStateNames has states with the names of the series of calls, and with what
// becomes the same name.
func TestStateNames(t *testing.T) {
	t.Parallel()
	for _, name := range [][2]string{
		{"calls", "total"},
		{"calls", "in_flight"},
		{"events", "total"},
		{"request", "bytes_total"},
		{"response", "bytes_total"},
		{"call", "duration_seconds"},
		{"call", "duration_seconds_count"},
		{"call_duration", "seconds_sum"},
		{"call", "duration_seconds_bucket"},
		{"call", "duration_seconds_created"},
		{"first", "item_seconds_bucket"},
		{"first", "item_seconds"},
		{"request", "size_bytes"},
		{"response", "size_bytes_count"},
		{"Calls", "Total"},
		{"my-pool", "size.max"},
		{"ünï", ""},
		{"", ""},
		{"pool", "size"},
	} {
		m := promx.New(promx.Sizes())
		m.Watch(states(
			endpoint.Gauge{Source: name[0], Metric: name[1], Value: 1},
			endpoint.Gauge{Source: name[0], Metric: name[1], Value: 2},
			endpoint.Gauge{Source: "a", Metric: "b_c", Value: 1}, endpoint.Gauge{Source: "a_b", Metric: "c", Value: 2},
			endpoint.Gauge{Source: "A", Metric: "b-c", Name: "named", Value: 3},
		))
		m.Event(t.Context(), endpoint.Event{Source: "s", Kind: "k"})
		require.Equal(t, http.StatusOK, get(t, mount(t, m), "/profiles/1"))
		reg := prometheus.NewRegistry()
		require.NoError(t, reg.Register(m), "%q", name)
		requireScrapes(t, reg)
		assert.Len(t, gathered(t, m, "endpoint_a_b_c"), 2, "%q", name)
	}
	m := promx.New()
	m.Watch(states(endpoint.Gauge{Source: "calls", Metric: "total", Value: 7}))
	assert.Equal(t, map[string]int{"detail= name= operation= service=": 7}, gathered(t, m, "endpoint_calls_total_state"))
}

func states(gauges ...endpoint.Gauge) iter.Seq[endpoint.Gauge] { return slices.Values(gauges) }
