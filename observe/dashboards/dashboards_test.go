package dashboards_test

import (
	"encoding/json/v2"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/dashboards"
)

var update = flag.Bool("update", false, "write the files of this folder")

// golden compares with a file of this folder.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644)) //nolint:gosec // users read it
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "write it anew with -update")
}

// promtool runs it, and skips the test where it is missing, but not where
// ENDPOINT_CI is set.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err != nil && os.Getenv("ENDPOINT_CI") != "":
		t.Fatalf("%v (it is in Debian's package prometheus)", err)
	case err != nil:
		t.Skipf("%v (it is in Debian's package prometheus)", err)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "promtool %s: %s", args, out)
}

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

// TestGrafana has each query of the dashboard read by Prometheus, as a rule.
func TestGrafana(t *testing.T) {
	t.Parallel()
	text, err := dashboards.Grafana()
	require.NoError(t, err)
	golden(t, "endpoint.json", append(text, '\n'))

	var dashboard struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	rules := "groups:\n- name: panels\n  rules:\n"
	for _, p := range dashboard.Panels {
		for _, q := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "'", "''").Replace(q.Expr)
			rules += "  - record: x\n    expr: '" + expr + "'\n    labels: {n: '" + expr + "'}\n"
		}
	}
	file := filepath.Join(t.TempDir(), "panels.yml")
	require.NoError(t, os.WriteFile(file, []byte(rules), 0o600))
	promtool(t, "check", "rules", file)
}
