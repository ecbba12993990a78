package balance

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "simulate everything and rewrite report.md and balance.svg: minutes")

// TestReport writes the report with -update.
func TestReport(t *testing.T) {
	if !*update {
		t.Skip("it takes minutes; -update runs it")
	}
	const seeds = 5
	r := simulateAll(t, full, loads(), seeds)
	if t.Failed() {
		return
	}
	for name, data := range map[string][]byte{reportFile: r.markdown(seeds), chartFile: r.chart().SVG()} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Error(err)
		}
	}
}

// TestTables makes tables of numbers that were not simulated.
func TestTables(t *testing.T) {
	t.Parallel()
	if len(makers()) != len(policies()) {
		t.Error("not all policies are made")
	}
	r := results{}
	for i, policy := range policies() {
		for _, load := range loads() {
			for seed := range 3 {
				took := time.Duration((i+1)*(seed+1)) * time.Millisecond
				r.add(cell{policy, load}, &outcome{took: []time.Duration{took, took}, expired: seed})
			}
		}
	}
	text := string(r.markdown(3))
	for _, want := range []string{
		"| Random | 4 (2–6) |", "## Timed out, % of the calls", "| RoundRobin | 50.00 (0.00–100.00) |",
		"| 0.75 | median | Random | 10 | 4 | 2.50 |", "3 seeds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "| median | oracle |") || strings.Contains(text, "| median | PeakEWMA |") {
		t.Error("the default loses to itself or to the oracle")
	}
	wellFormed(t, r.chart().SVG())
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	svg, err := os.ReadFile(chartFile)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
	text, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(text, []byte(reportHead)) {
		t.Errorf("%s begins with another text than reporthead.md: simulate again", reportFile)
	}
}

func wellFormed(t *testing.T, document []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("it is no well-formed XML: %v", err)
		}
	}
}
