package measure

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestRunByAClock has a case that takes three of something for each iteration.
func TestRunByAClock(t *testing.T) {
	t.Parallel()
	used := time.Duration(0)
	c := Case{
		Group: "g", Kind: "k",
		Run:   func(n int) error { used += 3 * time.Duration(n); return spin(n) },
		Clock: func() (time.Duration, error) { return used, nil },
	}
	results, err := Run(t.Context(), []Case{c}, quick(4))
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range results[0].NS {
		if ns != 3 {
			t.Errorf("the rounds are %v, want 3 each", results[0].NS)
		}
	}
}

func TestRunEndsWithItsClock(t *testing.T) {
	t.Parallel()
	stopped := errors.New("the clock stopped")
	c := Case{Group: "g", Kind: "k", Run: spin, Clock: func() (time.Duration, error) { return 0, stopped }}
	if _, err := Run(t.Context(), []Case{c}, quick(1)); !errors.Is(err, stopped) || !strings.HasPrefix(err.Error(), "g, k: ") {
		t.Errorf("the error is %v, want that of the clock with the names of the case", err)
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	cfg := Config{Window: time.Millisecond}
	for n, want := range map[int]time.Duration{0: time.Millisecond, 1: time.Millisecond, 5: 5 * time.Millisecond} {
		if got := (Case{Windows: n}).window(cfg); got != want {
			t.Errorf("with Windows %d it is %v, want %v", n, got, want)
		}
	}
}
