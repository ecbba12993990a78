// Package dashboards makes what Prometheus and Grafana show of services from
// the metrics of package promx: rules that record and alert, and a dashboard.
//
//	rules, err := dashboards.Rules(dashboards.Objective{Service: "Profiles", Availability: 0.999})
//	err = os.WriteFile("endpoint.rules.yml", rules, 0o644)
//
// What they give for all services is in this folder: endpoint.rules.yml for
// rule_files of Prometheus, endpoint.json to be imported into Grafana. Their
// names of metrics are those that the code writes.
package dashboards
