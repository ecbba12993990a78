package main

import (
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

// made returns what nobody measured: the costs grow with the place in the table.
func made() *measured {
	m := &measured{endpoints: 100, routes: 500, mount: &mounting{ms: []float64{20, 10, 30}, bytes: []float64{4000, 5000, 6000}, first: []float64{7000, 8000, 9000}}}
	for i, v := range variants() {
		f := float64(i + 1)
		m.costs = append(m.costs, cost{v, 4500 * f, []float64{8 * f, 9 * f, 11 * f}})
	}
	return m
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, made().report, nil)
	measuretest.Has(t, got.Terminal, "connect-go v2", "Mount", "H1", "H2", "H3")
	measuretest.Has(t, got.Markdown,
		"| httpx | 4.50 | 0.2 | 9.00 (8.00–11.00) | 0.2 |\n",
		"| by hand | 22.50 | 1.0 | 45.00 (40.00–55.00) | 1.0 |\n",
		"| 500 routes | 20.00 (10.00–30.00) | 5.00 (4.00–6.00) | 8.00 (7.00–9.00) |\n",
		"| H1 | one more endpoint over HTTP, server and client, with a limiter and a retry: stripped binary | ≤ 5 KB | 4.50 KB | holds |\n",
		"| H1 | one more endpoint over HTTP, server and client, with a limiter and a retry: compiler | ≤ 10 ms | 9.00 (8.00–11.00) ms | holds |\n",
		"| H2 | the same over gRPC, with plain types: stripped binary | ≤ 8 KB | 9.00 KB | MISSED |\n",
		"| H3 | Mount of 500 routes | ≤ 30 ms | 20.00 (10.00–30.00) ms | holds |\n",
		"| H3 | memory of a mounted route | ≤ 4 KB | 5.00 (4.00–6.00) KB | MISSED |\n",
	)
	measuretest.Has(t, got.SVG, "KB of the stripped binary", "huma, server only", measure.ColorOurs, measure.ColorHand, measure.ColorPeer)
}

// TestPartialText shows that what was not measured is neither there nor missed.
func TestPartialText(t *testing.T) {
	t.Parallel()
	m := &measured{costs: []cost{{variantHTTP, 4990, []float64{10}}}, listings: "symbols\n"}
	const want = "" +
		"one more endpoint  KB of the binary  × by hand  ms of the compiler  × by hand\n" +
		"-----------------------------------------------------------------------------\n" +
		"httpx                          4.99          –               10.00          –\n" +
		"\n" +
		"target  what                                                                                         wanted   measured  verdict\n" +
		"-------------------------------------------------------------------------------------------------------------------------------\n" +
		"H1      one more endpoint over HTTP, server and client, with a limiter and a retry: stripped binary  ≤ 5 KB   4.99 KB   holds\n" +
		"H1      one more endpoint over HTTP, server and client, with a limiter and a retry: compiler         ≤ 10 ms  10.00 ms  holds\n" +
		"symbols\n"
	if got := m.text(); got != want {
		t.Errorf("it prints\n%s\nwant\n%s", got, want)
	}
	m = &measured{costs: []cost{{variantHuma, 30_000, []float64{80}}}}
	measuretest.Has(t, m.text(), "huma, server only             30.00")
	if claims := m.claims(); len(claims) > 0 {
		t.Errorf("of huma alone, it claims %v", claims)
	}
}

// TestTimes shows that a base of nothing makes no ratio.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value, base float64
		want        string
	}{{3, 2, "1.5"}, {3, 0, "–"}, {3, -1, "–"}} {
		if got := times(tt.value, tt.base); got != tt.want {
			t.Errorf("times(%v, %v) = %q, want %q", tt.value, tt.base, got, tt.want)
		}
	}
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
