package measure

import "testing"

func TestCells(t *testing.T) {
	t.Parallel()
	a, b := &Result{NS: []float64{1500}, Allocs: 3}, &Result{NS: []float64{3000}}
	for want, got := range map[string]string{
		"1":                Versus(a, a),
		"0.50 (0.50–0.50)": Versus(a, b),
		"1.50":             Micros(a),
		"1.50 µs (3)":      MicrosAllocs(a),
		"1500 ns (3)":      NanosAllocs(a),
	} {
		if got != want {
			t.Errorf("the cell is %q, want %q", got, want)
		}
	}
	for _, got := range []string{Versus(nil, a), Versus(a, nil), Versus(nil, nil)} {
		if got != "–" {
			t.Errorf("the cell of what was not measured is %q, want –", got)
		}
	}
}
