package main

import (
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

// made returns results for all cases, as if they had been measured: kinds take
// longer in their order, all of them with size and depth.
func made() []measure.Result {
	var results []measure.Result
	for _, work := range workloads() {
		for _, bytes := range sizes() {
			for _, depth := range depths() {
				for i, kind := range kinds() {
					if kind == kindInlined && (work != workReal || depth != inlinedDepth) {
						continue
					}
					ns := float64((i + 1) * (depth + 1) * bytes)
					results = append(results, measure.Result{
						Group: group(work, bytes, depth), Kind: kind,
						NS: []float64{ns, ns, ns}, Allocs: float64(i), Bytes: float64(16 * i),
					})
				}
			}
		}
	}
	return results
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, made())
	measuretest.Has(t, got.Terminal,
		"by hand            16      0     16.0       0     0                 1  0.20 (0.20–0.20)\n",
		"inlined            16     10    352.0       1    16  2.00 (2.00–2.00)  0.40 (0.40–0.40)\n",
		"go-kit            256      5   7680.0       4    64  5.00 (5.00–5.00)                 1\n",
		"A2      Chain, 16 bytes, 10 layers, real, against the same work inlined by hand  ≤ 1.30×   1.50 (1.50–1.50)  MISSED\n",
		"A3      both                                                                     0 allocs  2 allocs          MISSED\n",
	)
	measuretest.Has(t, got.Markdown,
		"# What a chain of layers costs a call\n",
		"| A1 | the same against go-kit | ≤ 0.65× | 0.60 (0.60–0.60) | holds |\n",
		"| go-kit | 880.0 (4) | 3520.0 (4) | 14080.0 (4) |\n",
		"| endpoint.Stack | 64 | 1 | 512.0 | 3 | 48 | 4.00 (4.00–4.00) | 0.80 (0.80–0.80) |\n",
	)
	for _, kind := range kinds() {
		if kind != kindInlined {
			measuretest.Has(t, got.SVG, ">"+kind+"<")
		}
	}
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
