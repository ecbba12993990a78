package main

import (
	"bytes"
	"context"
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
// measured: each subject takes longer than the one before it.
func made(t *testing.T, opts measure.Options) measure.Outcome {
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
	return measure.Outcome{Results: results, Options: opts, Machine: "an abacus"}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	seen := make(map[[2]string]bool)
	for _, s := range subjects() {
		key := [2]string{s.group, s.kind}
		if seen[key] {
			t.Errorf("%s, %s is there twice", s.group, s.kind)
		}
		seen[key] = true
		if err := s.run(100); err != nil {
			t.Errorf("%s, %s: %v", s.group, s.kind, err)
		}
	}
	for _, g := range groups() {
		for _, kind := range []string{kindNone, kindOurs, kindHand} {
			if !seen[[2]string{g, kind}] {
				t.Errorf("%s lacks %s", g, kind)
			}
		}
	}
}

func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"another number": func(context.Context, record) (record, error) { return record{}, nil },
		"an error":       func(context.Context, record) (record, error) { return record{}, io.EOF },
	} {
		s := subject{answer: a}
		if s.run(2) == nil {
			t.Errorf("a subject passes that answers %s", name)
		}
	}
}

func TestSmokeWritesNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	dir := t.TempDir()
	if err := report(&out, made(t, measure.Options{Smoke: true, Rounds: 2, Out: dir})); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("a smoke run wrote %v", files)
	}
	for _, want := range []string{"otelhttp", "F1", "F2", "MISSED", "smoke run"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

func TestReportFiles(t *testing.T) {
	t.Parallel()
	opts := measure.Options{Rounds: 9, Fixed: true, Out: t.TempDir()}
	if err := report(io.Discard, made(t, opts)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(opts.Out, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"](observe.svg)", "| metrics alone | nothing | 10.0 | 0 |", "\nan abacus. 9 rounds.", "GOWORK=off go run ./observe -rounds 9 -fixed\n"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the report lacks %q", want)
		}
	}
	svg, err := os.ReadFile(filepath.Join(opts.Out, chartFile))
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
}

func TestReportFails(t *testing.T) {
	t.Parallel()
	opts := measure.Options{Rounds: 1, Out: filepath.Join(t.TempDir(), "gone")}
	if err := report(io.Discard, made(t, opts)); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

// TestCommitted looks at the results that are kept in the repository, and keeps
// the verdicts in the README those of the report.
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
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	verdicts := 0
	for line := range bytes.Lines(text) {
		if bytes.HasSuffix(line, []byte("| holds |\n")) || bytes.HasSuffix(line, []byte("| MISSED |\n")) {
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

// wellFormed fails the test for what is no XML.
func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the plot is not well-formed: %v", err)
		}
	}
}
