package dashboards_test

import (
	"encoding/json/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/dashboards"
)

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
