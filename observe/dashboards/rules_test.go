package dashboards_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/dashboards"
)

func TestRules(t *testing.T) {
	t.Parallel()
	rules, err := dashboards.Rules()
	require.NoError(t, err)
	golden(t, "endpoint.rules.yml", rules)
	promtool(t, "check", "rules", "--lint-fatal", "endpoint.rules.yml")
}

// TestAlerts has Prometheus's own test of rules run ours on series of its own.
func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool(t, "test", "rules", filepath.Join("testdata", "alerts.yml"))
}

// TestObjectives has one for a service and one for an operation.
func TestObjectives(t *testing.T) {
	t.Parallel()
	rules, err := dashboards.Rules(
		dashboards.Objective{Service: "Profiles", Availability: 0.99},
		dashboards.Objective{Service: "Profiles", Operation: `G"et`, Availability: 0.9995})
	require.NoError(t, err)
	assert.Equal(t, 8, strings.Count(string(rules), "alert: EndpointErrorBudgetBurn"))
	assert.Contains(t, string(rules), `ratio_rate1h{service="Profiles"} > 14.4 * 0.01 and`)
	assert.Contains(t, string(rules), `ratio_rate5m{service="Profiles", operation="G\"et"} > 14.4 * 0.0005'`)
	file := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(file, rules, 0o600))
	promtool(t, "check", "rules", file)

	for _, availability := range []float64{0, 1, 99.9, -1} {
		_, err = dashboards.Rules(dashboards.Objective{Service: "Profiles", Availability: availability})
		require.ErrorContains(t, err, `dashboards: Rules: {service="Profiles"}: an availability of`)
	}
}
