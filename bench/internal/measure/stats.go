package measure

import (
	"fmt"
	"math"
	"slices"
)

// Median returns the median of values, and NaN when there are none.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// Interval returns a 95 % confidence interval of the median of what values were
// drawn from. It consists of two of the values, by their ranks, and assumes
// nothing about the distribution (times have a long tail). Fewer than six values
// cannot say so much: it is then the smallest and the largest.
func Interval(values []float64) (low, high float64) {
	n := len(values)
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	k := outside(n)
	return s[k], s[n-1-k]
}

// outside returns how many of n sorted values may be left out at each end of an
// interval that still holds the median with 95 %. The number of values below the
// median is binomial with p = 1/2, so it is the largest k with P(X ≤ k) ≤ 2.5 %:
// the median lies below the value of rank k+1 only if at most k values do.
func outside(n int) int {
	const each = 0.05 / 2
	p := math.Pow(0.5, float64(n)) // P(X = 0)
	sum := p
	for k := range n / 2 {
		p *= float64(n-k) / float64(k+1) // P(X = k+1)
		if sum+p > each {
			return k
		}
		sum += p
	}
	return 0
}

// A Ratio compares two cases: below 1 the first is faster.
type Ratio struct {
	// Median is the median of the ratios of the rounds.
	Median float64
	// Low and High are the 95 % confidence interval of it.
	Low, High float64
}

// Compare returns the time of a in units of the time of b, paired by round. It is
// NaN if one of them is nil, which was not measured.
func Compare(a, b *Result) Ratio {
	if a == nil || b == nil {
		a, b = &Result{}, &Result{}
	}
	n := min(len(a.NS), len(b.NS))
	ratios := make([]float64, n)
	for i := range n {
		ratios[i] = a.NS[i] / b.NS[i]
	}
	low, high := Interval(ratios)
	return Ratio{Median: Median(ratios), Low: low, High: high}
}

// String returns the ratio with its range.
func (r Ratio) String() string {
	if math.IsNaN(r.Median) {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.Median, r.Low, r.High)
}

// Find returns the result of a case, or nil.
func Find(results []Result, group, kind string) *Result {
	i := slices.IndexFunc(results, func(r Result) bool {
		return r.Group == group && r.Kind == kind
	})
	if i < 0 {
		return nil
	}
	return &results[i]
}
