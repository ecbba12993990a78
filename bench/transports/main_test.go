package main

import (
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

func TestCases(t *testing.T) {
	t.Parallel()
	all := new(fleet)
	t.Cleanup(func() {
		if err := all.stop(); err != nil {
			t.Error(err)
		}
	})
	cases, err := all.cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if err := c.Run(10); err != nil {
			t.Errorf("%s/%s: %v", c.Group, c.Kind, err)
		}
	}
	if want := 4 * 3 * 2; len(cases) != want {
		t.Errorf("there are %d cases, want %d", len(cases), want)
	}
}

// results are as of a run in which endpoints take 1.2 times as long as the library.
func results() []measure.Result {
	var all []measure.Result
	for _, transport := range transports() {
		for _, end := range ends() {
			for i, kind := range []string{kindRaw, kindOurs} {
				all = append(all, measure.Result{
					Group: group(transport, end), Kind: kind,
					NS: []float64{1000 + float64(i)*200, 2000 + float64(i)*400}, Allocs: float64(10 + i), Bytes: 100,
				})
			}
		}
	}
	return all
}

func TestClaims(t *testing.T) {
	t.Parallel()
	all := claims(results())
	if want := 4 * 2; len(all) != want {
		t.Fatalf("there are %d claims, want %d", len(all), want)
	}
	for _, c := range append(all, claims(nil)...) {
		if c.Holds {
			t.Errorf("%s: holds, measured %s", c.Text, c.Measured)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, results())
	measuretest.Has(t, got.Terminal, "Everything", "1.20")
	measuretest.Has(t, got.Markdown, "| NATS | client | endpoint |", "| J2 | Thrift, endpoints at the server, against the library |")
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
