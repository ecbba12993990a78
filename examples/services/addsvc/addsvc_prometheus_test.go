package addsvc_test

import (
	"strings"
	"testing"

	"github.com/typedkit/endpoint/internal/promtest"
)

// testPrometheus has a real Prometheus scrape the program, and asks it for what the
// test has called. Its linter finds nothing in the metrics.
func testPrometheus(t *testing.T, admin, metrics string) {
	t.Helper()
	path, err := promtest.Find(t, "prometheus")
	if err != nil {
		t.Log("prometheus is missing, so nothing scrapes the program: ", err)
		return
	}
	promtest.Lint(t, "promtool", strings.NewReader(metrics))
	promtest.Expect(t, promtest.Scrape(t, path, admin), map[string]string{
		`endpoint_calls_total{operation="Sum",transport="http",code="OK"}`:      "4",
		`sum(endpoint_calls_total{operation="Sum",transport="grpc"})`:           "4",
		`sum(endpoint_call_duration_seconds_count{operation="Sum"})`:            "12",
		`sum(endpoint_calls_total{code="INVALID_ARGUMENT",operation="Concat"})`: "3",
		`sum(endpoint_calls_in_flight)`:                                         "0",
	})
}
