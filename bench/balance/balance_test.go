package balance

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var update = flag.Bool("update", false, "simulate everything and rewrite report.md and balance.svg: minutes")

// simulate returns what came of one run, in a bubble.
func simulate(t *testing.T, s setting, m maker) outcome {
	t.Helper()
	var o outcome
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(s)
		o = w.run(m.make(t, w))
	})
	return o
}

// simulateAll returns what came of the setting for each policy, load and seed.
func simulateAll(t *testing.T, base setting, loads []float64, seeds int) results {
	t.Helper()
	var mu sync.Mutex
	r := results{}
	t.Run("runs", func(t *testing.T) {
		for _, m := range makers() {
			for _, load := range loads {
				for seed := range seeds {
					s := base
					s.load, s.seed = load, uint64(seed+1)
					t.Run(fmt.Sprintf("%s, %.2f, seed %d", m.name, load, seed+1), func(t *testing.T) {
						t.Parallel()
						o := simulate(t, s, m)
						mu.Lock()
						defer mu.Unlock()
						r.add(cell{m.name, load}, &o)
					})
				}
			}
		}
	})
	return r
}

// TestSmoke runs a small setting: what looks at its replicas beats what does not,
// and nothing beats the oracle by much.
func TestSmoke(t *testing.T) { //nolint:tparallel // its subtests are, within one that it waits for
	t.Parallel()
	base := setting{replicas: 20, clients: 10, warm: 2 * time.Second, time: 6 * time.Second}
	r := simulateAll(t, base, []float64{1.41}, 2)
	const tail = 2 // of metrics
	at := func(policy string) float64 { return r.median(cell{policy, 1.41}, tail) }
	for _, clever := range []string{byDefault, "LeastRequest", prequal} {
		for _, blind := range []string{"RoundRobin", "Random"} {
			if at(clever) > 0.8*at(blind) {
				t.Errorf("99 %% of the calls take %.0f ms by %s, %.0f by %s", at(clever), clever, at(blind), blind)
			}
		}
		if at(clever) < 0.9*at(oracle) {
			t.Errorf("99 %% of the calls take %.0f ms by %s, and %.0f by the oracle", at(clever), clever, at(oracle))
		}
	}
}

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
