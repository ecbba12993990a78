package dashboards_test

import (
	"fmt"
	"strings"

	"github.com/typedkit/endpoint/observe/dashboards"
)

func ExampleRules() {
	rules, err := dashboards.Rules(dashboards.Objective{Service: "Profiles", Availability: 0.999})
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(string(rules)) {
		if strings.Contains(line, "Profiles") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// expr: 'service_operation:endpoint_errors:ratio_rate1h{service="Profiles"} > 14.4 * 0.001 and service_operation:endpoint_errors:ratio_rate5m{service="Profiles"} > 14.4 * 0.001'
	// expr: 'service_operation:endpoint_errors:ratio_rate6h{service="Profiles"} > 6 * 0.001 and service_operation:endpoint_errors:ratio_rate30m{service="Profiles"} > 6 * 0.001'
	// expr: 'service_operation:endpoint_errors:ratio_rate1d{service="Profiles"} > 3 * 0.001 and service_operation:endpoint_errors:ratio_rate2h{service="Profiles"} > 3 * 0.001'
	// expr: 'service_operation:endpoint_errors:ratio_rate3d{service="Profiles"} > 1 * 0.001 and service_operation:endpoint_errors:ratio_rate6h{service="Profiles"} > 1 * 0.001'
}

func ExampleGrafana() {
	dashboard, err := dashboards.Grafana()
	fmt.Println(strings.Contains(string(dashboard), "endpoint_call_duration_seconds"), err)
	// Output: true <nil>
}
