package main

import (
	"errors"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
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

// made returns results as if they had been measured: kinds take longer in their
// order.
func made() []measure.Result {
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
	return results
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, made())
	measuretest.Has(t, got.Terminal, "MISSED", "holds", "0.01 (0.01–0.01)")
	measuretest.Has(t, got.Markdown,
		"| E1 | LeastRequest, 10 instances, without a clock reading | ≤ 30 ns | 40.0 ns | MISSED |\n",
		"| E3 | one of 10,000 changes, against go-kit | ≤ 0.05× | 0.01 (0.01–0.01) | holds |\n",
	)
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
