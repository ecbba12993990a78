package main

import (
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

// made returns results as if they had been measured: kinds take longer in their
// order.
func made() []measure.Result {
	var results []measure.Result
	add := func(group, kind string, ns float64) {
		results = append(results, measure.Result{Group: group, Kind: kind, NS: []float64{ns, ns, ns}})
	}
	for _, n := range sizes() {
		for _, cores := range coreCounts() {
			for i, kind := range kinds() {
				if cores > 1 && !concurrent(kind) {
					continue
				}
				add(group(n, cores), kind, float64(10*(i+1)*cores))
			}
		}
	}
	for _, n := range sizes() {
		add(group(n, 1), kindClock, 10)
	}
	for _, name := range changeGroups() {
		add(name, kindLeastRequest, 1)
		add(name, kindKit, 100)
	}
	return results
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, made())
	measuretest.Has(t, got.Terminal, "MISSED", "holds", "0.01 (0.01–0.01)")
	measuretest.Has(t, got.Markdown,
		"| E1 | LeastRequest, 10 instances, without a clock reading | ≤ 30 ns | 40.0 ns | MISSED |\n",
		"| E3 | one of 10,000 changes, against go-kit | ≤ 0.05× | 0.01 (0.01–0.01) | holds |\n",
	)
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
