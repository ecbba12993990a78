package main

import (
	"context"
	"io"
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

func TestReport(t *testing.T) {
	t.Parallel()
	got := measuretest.Report(t, report, measuretest.Made(t, cases))
	measuretest.Has(t, got.Terminal, "otelhttp", "F1", "F2", "MISSED")
	measuretest.Has(t, got.Markdown, "| metrics alone | nothing | 10.0 | 0 |")
}

// TestCommitted looks at the results that are kept in the repository.
func TestCommitted(t *testing.T) {
	t.Parallel()
	measuretest.Committed(t, reportHead)
	measuretest.InReadme(t)
}
