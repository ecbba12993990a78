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

// made returns an outcome with results for all cases, as if they had been measured: kinds take
// longer in their order, all of them with size and depth.
func made(opts measure.Options) measure.Outcome {
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
		"by hand            16      0     16.0       0     0                 1  0.20 (0.20–0.20)\n",
		"inlined            16     10    352.0       1    16  2.00 (2.00–2.00)  0.40 (0.40–0.40)\n",
		"go-kit            256      5   7680.0       4    64  5.00 (5.00–5.00)                 1\n",
		"A2      Chain, 16 bytes, 10 layers, real, against the same work inlined by hand  ≤ 1.30×   1.50 (1.50–1.50)  MISSED\n",
		"A3      both                                                                     0 allocs  2 allocs          MISSED\n",
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
		"# What a chain of layers costs a call\n",
		"| A1 | the same against go-kit | ≤ 0.65× | 0.60 (0.60–0.60) | holds |\n",
		"](chain.svg)",
		"| go-kit | 880.0 (4) | 3520.0 (4) | 14080.0 (4) |\n",
		"| endpoint.Stack | 64 | 1 | 512.0 | 3 | 48 | 4.00 (4.00–4.00) | 0.80 (0.80–0.80) |\n",
		"\nan abacus. 9 rounds.",
		"GOWORK=off go run ./chain -rounds 9 -fixed\n",
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
	for _, kind := range kinds() {
		if kind != kindInlined && !bytes.Contains(svg, []byte(">"+kind+"<")) {
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

// TestReadme keeps the verdicts in the README those of the report.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	verdicts := 0
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("| A")) {
			verdicts++
			if !bytes.Contains(readme, line) {
				t.Errorf("README.md lacks the report's line %s", line)
			}
		}
	}
	if verdicts == 0 {
		t.Errorf("%s has no verdicts", reportFile)
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
