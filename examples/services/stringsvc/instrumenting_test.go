package stringsvc_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
)

// TestMetrics has the result of each count, and errors apart from successes.
func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m, err := stringsvc.NewMetrics(registry)
	require.NoError(t, err)
	svc := m.Instrumenting(stringsvc.New())
	_, err = svc.Uppercase(t.Context(), stringsvc.Text{})
	require.ErrorIs(t, err, stringsvc.ErrEmpty)
	for _, s := range []string{"héé", ""} {
		_, err = svc.Count(t.Context(), stringsvc.Text{S: s})
		require.NoError(t, err)
	}

	families, err := registry.Gather()
	require.NoError(t, err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if f.GetName() == "my_group_string_service_count_result" {
				got[name+" sum"] = m.GetHistogram().GetSampleSum()
			}
		}
	}
	require.Equal(t, map[string]float64{
		"my_group_string_service_request_count true uppercase":           1,
		"my_group_string_service_request_count false count":              2,
		"my_group_string_service_request_latency_seconds true uppercase": 1,
		"my_group_string_service_request_latency_seconds false count":    2,
		"my_group_string_service_count_result":                           2,
		"my_group_string_service_count_result sum":                       5,
	}, got)

	_, err = stringsvc.NewMetrics(registry)
	require.ErrorContains(t, err, "duplicate metrics collector registration attempted")
}
