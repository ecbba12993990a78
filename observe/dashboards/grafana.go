package dashboards

import (
	"encoding/json/jsontext"
	"encoding/json/v2"

	"github.com/typedkit/endpoint/observe/internal/series"
)

// A panel is one diagram: what it shows, in which unit, by which queries.
type panel struct {
	title, about string
	unit         string
	kind         string
	queries      []query
}

// A query is one of PromQL, and how its lines are called.
type query struct{ expr, legend string }

const (
	selected  = `service=~"$service", operation=~"$operation", side=~"$side"`
	window    = "$__rate_interval"
	operation = "{{service}}.{{operation}} {{side}}"
)

func selectedRate(metric string) string {
	return "sum by (service, operation, side) (rate(" + metric + "{" + selected + "}[" + window + "]))"
}

func selectedQuantile(metric, q string) string {
	return "histogram_quantile(" + q + ", sum by (service, operation, side, le) (rate(" + metric + "_bucket{" + selected + "}[" + window + "])))"
}

func panels() []panel {
	failed := `sum by (service, operation, side) (rate(` + series.Calls + `{` + selected + `, ` + faultCodes() + `}[` + window + `]))`
	state := func(metric string) string { return series.StatePrefix + metric }
	return []panel{
		{"Calls", "Calls that ended, a second.", "reqps", "timeseries", []query{{selectedRate(series.Calls), operation}}},
		{"Errors", "The share of calls that failed by a fault of the server.", "percentunit", "timeseries", []query{{failed + " / " + selectedRate(series.Calls), operation}}},
		{"Outcomes other than OK", "Calls by code, a second.", "reqps", "timeseries", []query{
			{`sum by (service, operation, side, code) (rate(` + series.Calls + `{` + selected + `, code!="OK"}[` + window + `]))`, operation + " {{code}}"},
		}},
		{"Duration", "Half, nine tenths and 99 of 100 calls are faster. Points are traces.", "s", "timeseries", []query{
			{selectedQuantile(series.Duration, "0.5"), operation + " p50"},
			{selectedQuantile(series.Duration, "0.9"), operation + " p90"},
			{selectedQuantile(series.Duration, "0.99"), operation + " p99"},
		}},
		{"All durations", "How many calls took how long.", "s", "heatmap", []query{
			{"sum by (le) (increase(" + series.Duration + "_bucket{" + selected + "}[" + window + "]))", "{{le}}"},
		}},
		{"In flight", "Calls that run.", "short", "timeseries", []query{{"sum by (service, operation, side) (" + series.InFlight + "{" + selected + "})", operation}}},
		{"Bytes", "Bytes of requests and of responses, a second.", "Bps", "timeseries", []query{
			{selectedRate(series.RequestBytes), operation + " requests"}, {selectedRate(series.ResponseBytes), operation + " responses"},
		}},
		{"First items of streams", "99 of 100 streams have their first item earlier.", "s", "timeseries", []query{{selectedQuantile(series.FirstItem, "0.99"), operation}}},
		{"Error budget", "How many times faster than a month's budget of 0.1 % of errors lasts, over one hour.", "short", "timeseries", []query{
			{errorRatio + `1h{service=~"$service", operation=~"$operation"} / 0.001`, "{{service}}.{{operation}}"},
		}},
		{"Events", "What breakers, limits, retries and pools did, a second.", "short", "timeseries", []query{
			{"sum by (source, name, kind) (rate(" + series.Events + "[" + window + "]))", "{{source}} {{name}} {{kind}}"},
		}},
		{"Breakers", "0 is closed, 1 half open, 2 open.", "short", "timeseries", []query{{state("breaker_state"), "{{name}} {{service}}.{{operation}}"}}},
		{"Permits in use", "Of bulkheads and of limits that adapt themselves.", "short", "timeseries", []query{
			{`{__name__=~"` + state(".+_permits_in_use") + `"}`, "{{__name__}} {{name}}"},
		}},
	}
}

// Grafana returns a dashboard of all services, for Grafana 10 and newer. It asks
// for its data source when it is imported, and needs the rules of [Rules] for
// the budget of errors.
func Grafana() ([]byte, error) {
	var drawn []any
	for i, p := range panels() {
		drawn = append(drawn, p.draw(i))
	}
	dashboard := map[string]any{
		"uid": "endpoint", "title": "Endpoints", "tags": []string{"endpoint"}, "schemaVersion": 39, "editable": true,
		"time": map[string]string{"from": "now-1h", "to": "now"}, "refresh": "30s",
		"templating": map[string]any{"list": []any{
			map[string]any{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
			variable(series.Service), variable(series.Operation), variable(series.Side),
		}},
		"panels": drawn,
	}
	return json.Marshal(dashboard, json.Deterministic(true), jsontext.WithIndent("  "))
}

// source is the data source that the user selects.
func source() map[string]string {
	return map[string]string{"type": "prometheus", "uid": "${datasource}"}
}

// variable lets the user select values of a label.
func variable(label string) map[string]any {
	return map[string]any{
		"name": label, "label": label, "type": "query", "datasource": source(), "refresh": 2,
		"query":      map[string]any{"query": "label_values(" + series.Calls + ", " + label + ")", "refId": label},
		"includeAll": true, "multi": true, "allValue": ".*", "sort": 1,
		"current": map[string]any{"text": "All", "value": "$__all"},
	}
}

// draw returns the panel, as the i-th of two in a row.
func (p panel) draw(i int) map[string]any {
	var targets []any
	for n, q := range p.queries {
		target := map[string]any{
			"refId": string(rune('A' + n)), "datasource": source(), "expr": q.expr, "legendFormat": q.legend, "exemplar": p.title == "Duration",
		}
		if p.kind == "heatmap" {
			target["format"] = "heatmap"
		}
		targets = append(targets, target)
	}
	options := map[string]any{}
	if p.kind == "timeseries" {
		options["tooltip"] = map[string]string{"mode": "multi", "sort": "desc"}
	}
	return map[string]any{
		"id": i + 1, "type": p.kind, "title": p.title, "description": p.about, "datasource": source(),
		"gridPos":     map[string]int{"h": 8, "w": 12, "x": 12 * (i % 2), "y": 8 * (i / 2)},
		"fieldConfig": map[string]any{"defaults": map[string]any{"unit": p.unit, "min": 0}, "overrides": []any{}},
		"options":     options, "targets": targets,
	}
}
