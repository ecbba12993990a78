package main

import (
	"context"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure/measuretest"
)

func TestSubjects(t *testing.T) {
	t.Parallel()
	seen := make(map[[2]string]bool)
	for _, s := range subjects() {
		key := [2]string{s.group, s.kind}
		if seen[key] {
			t.Errorf("%s, %s is there twice", s.group, s.kind)
		}
		seen[key] = true
		if err := s.run(t.Context(), 100); err != nil {
			t.Errorf("%s, %s: %v", s.group, s.kind, err)
		}
	}
	for _, g := range groups() {
		for _, kind := range []string{kindNone, kindOurs, kindExecutor} {
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
		"an error":       func(context.Context, record) (record, error) { return record{}, errRefused },
	} {
		s := subject{answer: a}
		if s.run(t.Context(), 2) == nil || s.check(t.Context()) == nil {
			t.Errorf("a subject passes that answers %s", name)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, measuretest.Made(t, cases))
	measuretest.Has(t, got.Terminal, "x/time/rate", "A4", "G2", "MISSED")
	measuretest.Has(t, got.Markdown, "| limiter | no policy | 10.0 | 0 |")
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
