package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// made returns an outcome with results for all cases, as if they had been
// measured: by hand takes twice as long.
func made(opts measure.Options) measure.Outcome {
	var results []measure.Result
	for _, group := range groups() {
		for i, kind := range kinds() {
			ns := float64(1000 * (i + 1))
			results = append(results, measure.Result{Group: group, Kind: kind, NS: []float64{ns, ns, ns}, Allocs: float64(3 * i), Bytes: float64(16 * i)})
		}
	}
	return measure.Outcome{Results: results, Options: opts, Machine: "an abacus"}
}

func TestSmokeWritesNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	dir := t.TempDir()
	if err := report(&out, made(measure.Options{Smoke: true, Rounds: 2, Out: dir})); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("a smoke run wrote %v", files)
	}
	for _, want := range []string{
		"response stream, both ends         httpx    1000000     1.00            0       0   2.00 (2.00–2.00)\n",
		"≥ 0.90×  2.00 (2.00–2.00)  holds\n",
		"0 − 3 = -3        holds\n",
		"smoke run",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	o := made(measure.Options{})
	r := measure.Find(o.Results, eventsServer, kindTyped)
	r.NS, r.Allocs = []float64{2500, 2500, 2500}, 6
	var all []string
	for _, c := range claims(o.Results) {
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

func TestReportFiles(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	opts := measure.Options{Rounds: 9, Fixed: true, Out: t.TempDir()}
	if err := report(&out, made(opts)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(opts.Out, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# What an item of a stream over HTTP costs\n",
		"| S1 | response stream, both ends: items a second against by hand | ≥ 0.90× | 2.00 (2.00–2.00) | holds |\n",
		"](stream.svg)",
		"\nan abacus. 9 rounds.",
		"GOWORK=off go run ./stream -rounds 9 -fixed\n",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the report lacks %q", want)
		}
	}
	svg, err := os.ReadFile(filepath.Join(opts.Out, chartFile))
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
	for _, group := range groups() {
		if !bytes.Contains(svg, []byte(">"+group+"<")) {
			t.Errorf("the plot does not name %s", group)
		}
	}
}

func TestReportFails(t *testing.T) {
	t.Parallel()
	opts := measure.Options{Rounds: 1, Out: filepath.Join(t.TempDir(), "gone")}
	if err := report(io.Discard, made(opts)); err == nil {
		t.Error("a folder that is not there is no error")
	}
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
		t.Errorf("%s begins with another text than reporthead.md: run the measurement again", reportFile)
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
