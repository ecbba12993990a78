// Package measuretest tests the reports of programs that measure, from results
// that nobody measured.
package measuretest

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Made returns results for all cases, as if they had been measured: each takes 10 ns
// longer than the one before it.
func Made(t *testing.T, cases func() ([]measure.Case, error)) []measure.Result {
	t.Helper()
	all, err := cases()
	if err != nil {
		t.Fatal(err)
	}
	results := make([]measure.Result, len(all))
	for i, c := range all {
		ns := float64(10 * (i + 1))
		results[i] = measure.Result{Group: c.Group, Kind: c.Kind, NS: []float64{ns, ns, ns}, Allocs: float64(i % 3)}
	}
	return results
}

// A Printed is what a program made of results.
type Printed struct {
	// Terminal is what a smoke run printed.
	Terminal string
	// Markdown and SVG are the files of a full run.
	Markdown, SVG string
}

// Report reports the results as the program does in whose folder the test runs,
// once as a smoke run and once as a full run. It fails the test where the frame is
// not what it should be: the words are for the test to look at.
func Report(t *testing.T, report func(measure.Outcome) (measure.Report, error), results []measure.Result) Printed {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	p := measure.Program{Name: filepath.Base(dir), Report: report, Stdout: &out}
	publish := func(opts measure.Options) error {
		return p.Publish(measure.Outcome{Results: results, Options: opts, Machine: "an abacus"})
	}
	files := t.TempDir()
	if err := publish(measure.Options{Smoke: true, Rounds: 2, Out: files}); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(files); len(left) > 0 {
		t.Errorf("a smoke run wrote %v", left)
	}
	printed := Printed{Terminal: out.String()}
	Has(t, printed.Terminal, "an abacus\n", "This was a smoke run")
	if err := publish(measure.Options{Rounds: 9, Fixed: true, Out: files}); err != nil {
		t.Fatal(err)
	}
	printed.Markdown, printed.SVG = read(t, files, "report.md"), read(t, files, p.Name+".svg")
	Has(t, printed.Markdown, "]("+p.Name+".svg)", "\nan abacus. 9 rounds.", "GOWORK=off go run ./"+p.Name+" -rounds 9 -fixed\n")
	wellFormed(t, printed.SVG)
	if err := publish(measure.Options{Rounds: 1, Out: filepath.Join(files, "gone")}); err == nil {
		t.Error("a folder that is not there is no error")
	}
	return printed
}

// Has fails the test for each part that the text lacks.
func Has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it lacks %q:\n%s", part, text)
		}
	}
}

// Committed looks at the results that are kept in the repository, in the folder in
// which the test runs: the report begins with head, and the plot is a drawing.
func Committed(t *testing.T, head string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, read(t, dir, filepath.Base(dir)+".svg"))
	if !strings.HasPrefix(read(t, dir, "report.md"), head) {
		t.Error("report.md begins with another text than reporthead.md: run the measurement again")
	}
}

// InReadme keeps the verdicts in the README of all measurements those of the report
// in the folder in which the test runs.
func InReadme(t *testing.T) {
	t.Helper()
	readme, verdicts := read(t, "..", "README.md"), 0
	for line := range strings.Lines(read(t, ".", "report.md")) {
		if strings.HasSuffix(line, "| holds |\n") || strings.HasSuffix(line, "| MISSED |\n") {
			verdicts++
			if !strings.Contains(readme, line) {
				t.Errorf("README.md lacks the report's line %s", line)
			}
		}
	}
	if verdicts == 0 {
		t.Error("report.md has no verdicts")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wellFormed fails the test for what is no XML.
func wellFormed(t *testing.T, document string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("it is no well-formed XML: %v", err)
		}
	}
}
