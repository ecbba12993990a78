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
// measured: kinds take longer in their order.
func made(opts measure.Options) measure.Outcome {
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
		"by hand              3.00       2    32                 1   0.33 (0.33–0.33)\n",
		"connect-go          15.00      14   224  5.00 (5.00–5.00)   0.07 (0.07–0.07)\n",
		"by hand, json v1             5.00                   1   0.20 (0.20–0.20)\n",
		"0 − 7 = -7        holds\n",
		"B2      GET of a list: httpx.Mount against the best peer, go-kit (the codec alone: 0.80)  ≤ 0.68×  0.10 (0.10–0.10)  holds\n",
		"B5      10 KB POST: client in memory, against by hand                                     ≤ 1.00×  0.50 (0.50–0.50)  holds\n",
		"smoke run",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
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
		"# What a typed endpoint over HTTP costs\n",
		"| B1 | small POST: httpx.Mount against the same by hand (the codec alone: 2.67) | ≤ 0.85× | 0.33 (0.33–0.33) | holds |\n",
		"\nWhat stands in the way of a target that is missed:\n",
		"](http.svg)",
		"| a body of 2 MiB | **413** | **413** |",
		"| httpx.Handler | 2.00 | 1 | 16 | 0.67 (0.67–0.67) | 0.50 (0.50–0.50) |\n",
		"\nan abacus. 9 rounds.",
		"GOWORK=off go run ./http -rounds 9 -fixed\n",
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
	for _, kind := range handlerKinds() {
		if !bytes.Contains(svg, []byte(">"+kind+"<")) {
			t.Errorf("the plot does not name %s", kind)
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

func TestBestPeer(t *testing.T) {
	t.Parallel()
	o := made(measure.Options{})
	r := measure.Find(o.Results, listGET, kindGin)
	r.NS = []float64{1100, 1200, 1100}
	if got := bestPeer(o.Results, listGET); got != kindGin {
		t.Errorf("the best peer is %s, want %s", got, kindGin)
	}
	if got := bestPeer(nil, listGET); got != "none" {
		t.Errorf("of no results the best peer is %s, want none", got)
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
