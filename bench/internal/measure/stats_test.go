package measure

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"none", nil, math.NaN()},
		{"one", []float64{3}, 3},
		{"odd", []float64{9, 1, 5}, 5},
		{"even", []float64{4, 1, 2, 9}, 3},
		{"an outlier", []float64{1, 1, 2, 1e9, 2}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Median(tt.values); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
				t.Errorf("Median(%v) = %v, want %v", tt.values, got, tt.want)
			}
		})
	}
}

func TestMedianLeavesValues(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	Median(values)
	Interval(values)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("the values are %v now, want them as they were", values)
	}
}

// TestInterval compares with the published tables of the sign test: of n values,
// the interval begins and ends with the k-th from each side.
func TestInterval(t *testing.T) {
	t.Parallel()
	for n, k := range map[int]int{1: 1, 2: 1, 5: 1, 6: 1, 8: 1, 9: 2, 10: 2, 12: 3, 15: 4, 20: 6, 25: 8, 50: 18} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64((i*7)%n + 1) // 1…n, mixed where 7 does not divide n
		}
		low, high := Interval(values)
		if low != float64(k) || high != float64(n+1-k) {
			t.Errorf("of %d values the interval is the ranks %v to %v, want %d to %d", n, low, high, k, n+1-k)
		}
	}
	if low, high := Interval(nil); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("Interval(nil) = %v, %v, want NaN", low, high)
	}
}

func TestComparePairsByRound(t *testing.T) {
	t.Parallel()
	// The machine slows down eightfold; a takes half of b's time all along.
	a := &Result{NS: []float64{1, 2, 4, 8}}
	b := &Result{NS: []float64{2, 4, 8, 16}}
	if got, want := Compare(a, b), (Ratio{Median: 0.5, Low: 0.5, High: 0.5}); got != want {
		t.Errorf("Compare = %v, want %v", got, want)
	}
	if got := Compare(b, a).Median; got != 2 {
		t.Errorf("the other way round it is %v, want 2", got)
	}
}

func TestRatioString(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Ratio{
		"0.35 (0.30–0.41)": {Median: 0.351, Low: 0.299, High: 0.409},
		"–":                Compare(&Result{}, &Result{}),
	} {
		if got := r.String(); got != want {
			t.Errorf("%#v is %q, want %q", r, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	results := []Result{{Group: "a", Kind: "x"}, {Group: "b", Kind: "x"}, {Group: "b", Kind: "y"}}
	if got := Find(results, "b", "x"); got != &results[1] {
		t.Errorf("Find(b, x) = %v, want the second", got)
	}
	if got := Find(results, "a", "y"); got != nil {
		t.Errorf("Find(a, y) = %v, want nil", got)
	}
}
