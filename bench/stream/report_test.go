package main

import (
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

// made returns results for all cases, as if they had been measured: by hand takes twice as long.
func made() []measure.Result {
	var results []measure.Result
	for _, group := range groups() {
		for i, kind := range kinds() {
			ns := float64(1000 * (i + 1))
			results = append(results, measure.Result{Group: group, Kind: kind, NS: []float64{ns, ns, ns}, Allocs: float64(3 * i), Bytes: float64(16 * i)})
		}
	}
	return results
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, made())
	measuretest.Has(t, got.Terminal,
		"response stream, both ends         httpx    1000000     1.00            0       0   2.00 (2.00–2.00)\n",
		"≥ 0.90×  2.00 (2.00–2.00)  holds\n",
		"0 − 3 = -3        holds\n",
	)
	measuretest.Has(t, got.Markdown,
		"# What an item of a stream over HTTP costs\n",
		"| S1 | response stream, both ends: items a second against by hand | ≥ 0.90× | 2.00 (2.00–2.00) | holds |\n",
	)
	for _, group := range groups() {
		measuretest.Has(t, got.SVG, ">"+group+"<")
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	results := made()
	r := measure.Find(results, eventsServer, kindTyped)
	r.NS, r.Allocs = []float64{2500, 2500, 2500}, 6
	var all []string
	for _, c := range claims(results) {
		if !c.Holds {
			all = append(all, c.Name+" "+c.Measured)
		}
	}
	if got, want := strings.Join(all, "; "), "S1 0.80 (0.80–0.80); S2 6 − 3 = 3"; got != want {
		t.Errorf("missed are %q, want %q", got, want)
	}
	for _, c := range claims(nil) {
		if c.Holds {
			t.Errorf("of no results, %s holds: %s", c.Text, c.Measured)
		}
	}
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
}
