package measure

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// quick is enough to see that cases are run.
func quick(rounds int) Config { return Config{Rounds: rounds, Window: 10 * time.Microsecond, Seed: 1} }

func spin(n int) error {
	for sum := range n {
		sink.Store(int64(sum))
	}
	return nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	cases := []Case{{Group: "g", Kind: "a", Run: spin}, {Group: "g", Kind: "b", Run: spin}, {Group: "h", Kind: "a", Run: spin}}
	results, err := Run(t.Context(), cases, quick(4))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Group != cases[i].Group || r.Kind != cases[i].Kind {
			t.Errorf("result %d is that of %s, %s; want %s, %s", i, r.Group, r.Kind, cases[i].Group, cases[i].Kind)
		}
		if len(r.NS) != 4 || slices.Min(r.NS) < 0 {
			t.Errorf("%s, %s: times %v, want four", r.Group, r.Kind, r.NS)
		}
	}
}

func TestRunEndsWithAWrongAnswer(t *testing.T) {
	t.Parallel()
	wrong := errors.New("2 and 2 is 5")
	calls := 0
	cases := []Case{{Group: "sums", Kind: "small", Run: func(int) error {
		if calls++; calls > 30 {
			return wrong
		}
		return nil
	}}}
	_, err := Run(t.Context(), cases, quick(1000))
	if !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), "sums, small: ") {
		t.Errorf("the error is %v, want that of the case with its names", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	cases := []Case{{Group: "g", Kind: "k", Run: func(n int) error {
		if calls++; calls == 40 {
			cancel()
		}
		return spin(n)
	}}}
	if _, err := Run(ctx, cases, quick(1_000_000)); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	var cases []Case
	for _, kind := range []string{"a", "b", "c"} { // groups are mixed in the list
		for _, group := range []string{"x", "y", "z", "w"} {
			cases = append(cases, Case{Group: group, Kind: kind})
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	first, second := order(cases, random), order(cases, random)
	if slices.Equal(first, second) {
		t.Errorf("two rounds have the same order %v", first)
	}
	for _, got := range [][]int{first, second} {
		if s := slices.Sorted(slices.Values(got)); len(s) != len(cases) || len(slices.Compact(s)) != len(cases) {
			t.Errorf("the order %v does not have each of %d cases once", got, len(cases))
		}
		var groups []string
		for _, i := range got {
			groups = append(groups, cases[i].Group)
		}
		if together := slices.Compact(groups); len(together) != 4 {
			t.Errorf("the groups come as %v, want each in one piece", together)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		n       int
		elapsed time.Duration
		want    int
	}{
		{"right", 1000, time.Millisecond, 1000},
		{"too short", 1000, 100 * time.Microsecond, 10_000},
		{"far too short", 1, 0, 100},
		{"too long", 1000, 1250 * time.Microsecond, 800},
		{"interrupted", 1000, time.Second, 500},
		{"one is too long", 1, time.Hour, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fit(tt.n, tt.elapsed, time.Millisecond); got != tt.want {
				t.Errorf("fit(%d, %v, 1ms) = %d, want %d", tt.n, tt.elapsed, got, tt.want)
			}
		})
	}
}
