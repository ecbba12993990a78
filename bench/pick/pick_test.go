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

// TestSubjects checks each subject as a run does.
func TestSubjects(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		for _, n := range []int{1, 2, 100} {
			s, err := newSubject(kind, n)
			if err != nil {
				t.Fatalf("%s, %d: %v", kind, n, err)
			}
			if err := s.check(n); err != nil {
				t.Errorf("%s, %d: %v", kind, n, err)
			}
			if !concurrent(kind) {
				continue
			}
			if err := onCores(2, s.run)(10); err != nil {
				t.Errorf("%s, %d, on two cores: %v", kind, n, err)
			}
		}
	}
	if _, err := newSubject("nobody's", 1); err == nil {
		t.Error("an unknown kind is no error")
	}
}

func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	errLost := errors.New("lost")
	for want, pick := range map[string]func() (int, error){
		"lost":                            func() (int, error) { return 0, errLost },
		"it picked instance 5 of 5":       func() (int, error) { return 5, nil },
		"it picked 1 of 5 instances only": func() (int, error) { return 0, nil },
	} {
		if err := (subject{pick: pick}).check(5); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

func TestChangers(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{kindLeastRequest, kindKit} {
		for _, read := range []bool{false, true} {
			c, err := newChanger(kind, read)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.change(2), c.beside(1000)); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	if _, err := newChanger("nobody's", false); err == nil {
		t.Error("an unknown kind is no error")
	}
}

// made returns an outcome as if it had been measured: kinds take longer in their
// order.
func made(opts measure.Options) measure.Outcome {
	var results []measure.Result
	add := func(group, kind string, ns float64) {
		results = append(results, measure.Result{Group: group, Kind: kind, NS: []float64{ns, ns, ns}})
	}
	for _, n := range sizes() {
		for _, cores := range coreCounts() {
			for i, kind := range kinds() {
				if cores > 1 && !concurrent(kind) {
					continue
				}
				add(group(n, cores), kind, float64(10*(i+1)*cores))
			}
		}
	}
	for _, n := range sizes() {
		add(group(n, 1), kindClock, 10)
	}
	for _, name := range changeGroups() {
		add(name, kindLeastRequest, 1)
		add(name, kindKit, 100)
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
	for _, want := range []string{"smoke run", "MISSED", "holds", "0.01 (0.01–0.01)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

func TestReportFiles(t *testing.T) {
	t.Parallel()
	opts := measure.Options{Rounds: 9, Fixed: true, Out: t.TempDir()}
	if err := report(io.Discard, made(opts)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(opts.Out, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| E1 | LeastRequest, 10 instances, without a clock reading | ≤ 30 ns | 40.0 ns | MISSED |\n",
		"| E3 | one of 10,000 changes, against go-kit | ≤ 0.05× | 0.01 (0.01–0.01) | holds |\n",
		"](pick.svg)",
		"GOWORK=off go run ./pick -rounds 9 -fixed\n",
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
	opts.Out = filepath.Join(opts.Out, "gone")
	if err := report(io.Discard, made(opts)); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

// TestCommitted looks at the results that are kept in the repository: they are
// those of this program, and the README has their verdicts.
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
		if bytes.HasPrefix(line, []byte("| E")) {
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
