package measure

import "fmt"

// Versus is the cell of a table for the time of r in units of that of base. Of a
// case with itself it says no more than 1, and nothing of what was not measured.
func Versus(r, base *Result) string {
	if r != nil && r == base {
		return "1"
	}
	return Compare(r, base).String()
}

// Micros returns the time of a result in microseconds, as tables have it.
func Micros(r *Result) string { return fmt.Sprintf("%.2f", r.Median()/1000) }

// MicrosAllocs returns the time in microseconds with its unit, and the allocations.
func MicrosAllocs(r *Result) string { return fmt.Sprintf("%s µs (%.0f)", Micros(r), r.Allocs) }

// NanosAllocs returns the time in nanoseconds with its unit, and the allocations.
func NanosAllocs(r *Result) string { return fmt.Sprintf("%.0f ns (%.0f)", r.Median(), r.Allocs) }
