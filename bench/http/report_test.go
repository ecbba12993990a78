package main

import (
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

// made returns results for all cases, as if they had been measured: kinds take longer in their order.
func made() []measure.Result {
	var results []measure.Result
	add := func(group string, kinds []string) {
		for i, kind := range kinds {
			ns := float64(1000 * (i + 1))
			results = append(results, measure.Result{
				Group: group, Kind: kind, NS: []float64{ns, ns, ns}, Allocs: float64(i), Bytes: float64(16 * i),
			})
		}
	}
	for _, s := range shapes() {
		kinds := handlerKinds()
		if s.isGET() {
			kinds = kinds[:len(kinds)-1]
		}
		add(s.name, kinds)
	}
	for _, shape := range socketShapes() {
		add(socketGroup(shape), served())
	}
	for _, shape := range clientShapes() {
		for _, way := range clientWays() {
			add(clientGroup(shape, way), clientKinds())
		}
	}
	return results
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, made())
	measuretest.Has(t, got.Terminal,
		"by hand              3.00       2    32                 1   0.33 (0.33–0.33)\n",
		"connect-go          15.00      14   224  5.00 (5.00–5.00)   0.07 (0.07–0.07)\n",
		"by hand, json v1             5.00                   1   0.20 (0.20–0.20)\n",
		"0 − 7 = -7        holds\n",
		"B2      GET of a list: httpx.Mount against the best peer, go-kit (the codec alone: 0.80)  ≤ 0.68×  0.10 (0.10–0.10)  holds\n",
		"B5      10 KB POST: client in memory, against by hand                                     ≤ 1.00×  0.50 (0.50–0.50)  holds\n",
	)
	measuretest.Has(t, got.Markdown,
		"# What a typed endpoint over HTTP costs\n",
		"| B1 | small POST: httpx.Mount against the same by hand (the codec alone: 2.67) | ≤ 0.85× | 0.33 (0.33–0.33) | holds |\n",
		"\nWhat stands in the way of a target that is missed:\n",
		"| a body of 2 MiB | **413** | **413** |",
		"| httpx.Handler | 2.00 | 1 | 16 | 0.67 (0.67–0.67) | 0.50 (0.50–0.50) |\n",
	)
	for _, kind := range handlerKinds() {
		measuretest.Has(t, got.SVG, ">"+kind+"<")
	}
}

func TestBestPeer(t *testing.T) {
	t.Parallel()
	results := made()
	r := measure.Find(results, listGET, kindGin)
	r.NS = []float64{1100, 1200, 1100}
	if got := bestPeer(results, listGET); got != kindGin {
		t.Errorf("the best peer is %s, want %s", got, kindGin)
	}
	if got := bestPeer(nil, listGET); got != "none" {
		t.Errorf("of no results the best peer is %s, want none", got)
	}
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
}
