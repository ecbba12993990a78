package measure

import "fmt"

// A Claim is a target and what was measured for it.
type Claim struct {
	// Name is the target's number.
	Name string
	// Text says what is compared with what.
	Text string
	// Target and Measured are words: "≤ 1.15×" and "0.97 (0.95–1.00)".
	Target, Measured string
	// Holds says that what was measured reaches the target.
	Holds bool
}

// AtMost claims that the ratio is no larger than limit. The median decides; the
// range beside it says how sure that is.
func AtMost(name, text string, r Ratio, limit float64) Claim {
	return Claim{
		Name: name, Text: text,
		Target:   fmt.Sprintf("≤ %.2f×", limit),
		Measured: r.String(),
		Holds:    r.Median <= limit,
	}
}

// AtLeast claims that the ratio is no smaller than limit: for what is better when
// it is more.
func AtLeast(name, text string, r Ratio, limit float64) Claim {
	return Claim{
		Name: name, Text: text,
		Target:   fmt.Sprintf("≥ %.2f×", limit),
		Measured: r.String(),
		Holds:    r.Median >= limit,
	}
}

// NoAllocs claims that a case allocates nothing.
func NoAllocs(name, text string, r *Result) Claim {
	c := AtMostAllocs(name, text, r, 0)
	c.Target = "0 allocs"
	return c
}

// AtMostAllocs claims that a case allocates no more than limit times.
func AtMostAllocs(name, text string, r *Result, limit int) Claim {
	return Claim{
		Name: name, Text: text,
		Target:   fmt.Sprintf("≤ %d allocs", limit),
		Measured: fmt.Sprintf("%.0f allocs", r.Allocs),
		Holds:    r.Allocs <= float64(limit),
	}
}

// AllocsBeyond claims that a case allocates no more than limit times more than
// base does. It does not hold if one of them was not measured.
func AllocsBeyond(name, text string, r, base *Result, limit int) Claim {
	c := Claim{Name: name, Text: text, Target: fmt.Sprintf("≤ %d", limit), Measured: "–"}
	if r != nil && base != nil {
		more := r.Allocs - base.Allocs
		c.Measured = fmt.Sprintf("%.0f − %.0f = %.0f", r.Allocs, base.Allocs, more)
		c.Holds = more <= float64(limit)
	}
	return c
}

// Claims returns a table of claims.
func Claims(claims []Claim) *Table {
	t := &Table{Header: []string{"target", "what", "wanted", "measured", "verdict"}, Words: 5}
	for _, c := range claims {
		verdict := "MISSED"
		if c.Holds {
			verdict = "holds"
		}
		t.Add(c.Name, c.Text, c.Target, c.Measured, verdict)
	}
	return t
}
