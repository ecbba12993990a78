package main

import (
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

func TestCases(t *testing.T) {
	t.Parallel()
	all, err := start()
	t.Cleanup(func() {
		if err := all.stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := all.cases()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, c := range cases {
		name := c.Group + "/" + c.Kind
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if err := c.Run(10); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if used, err := c.Clock(); err != nil || used <= 0 {
			t.Errorf("%s: the clock says %v, %v", name, used, err)
		}
	}
	// Four shapes at three ends, of four kinds; JSON at both ends, and go-kit for
	// unary calls.
	if want := 4*3*4 + 4 + 3; len(cases) != want {
		t.Errorf("there are %d cases, want %d", len(cases), want)
	}
}

// results are as of a run in which every kind takes a time of its own.
func results() []measure.Result {
	var all []measure.Result
	for _, shape := range shapes() {
		for _, end := range ends() {
			for i, kind := range kinds(shape, end) {
				all = append(all, measure.Result{
					Group: group(shape, end), Kind: kind,
					NS: []float64{1000 + float64(i)*100, 2000 + float64(i)*200}, Allocs: float64(10 + i), Bytes: 100,
				})
			}
		}
	}
	return all
}

func TestClaims(t *testing.T) {
	t.Parallel()
	all := claims(results())
	if want := 2*2 + 3*2; len(all) != want {
		t.Fatalf("there are %d claims, want %d", len(all), want)
	}
	for _, c := range all {
		if alloc := strings.Contains(c.Text, "allocations"); c.Holds != alloc {
			t.Errorf("%s: holds = %v, measured %s; grpcx takes 1.1 times as long, with one allocation more", c.Text, c.Holds, c.Measured)
		}
	}
	for _, c := range claims(nil) {
		if c.Holds {
			t.Errorf("%s holds without results", c.Text)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, results())
	measuretest.Has(t, got.Terminal, "A unary call", "A message of a bidi stream", "1.10")
	measuretest.Has(t, got.Markdown, "| client | go-kit |", "| D1 | allocations beyond those of grpc-go | ≤ 2 | 11 − 10 = 1 | holds |\n")
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
}
