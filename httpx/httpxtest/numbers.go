package httpxtest

import (
	"math"
	"reflect"
	"slices"
	"strconv"
)

// numbers returns those at, below and above the bounds.
func (m *maker) numbers(n *node) []variant {
	r := n.rules
	var all []variant
	add := func(name, text string, broken bool) { all = append(all, variant{name, quoted(n, num(text)), broken}) }
	bound := func(key, text string, down, exclusive bool) {
		if text == "" {
			return
		}
		beyond, within := beside(n, text, down), beside(n, text, !down)
		words := "above "
		if down {
			words = "below "
		}
		add(words+key, beyond, beyond != "")
		add("at "+key, text, exclusive)
		add("just within "+key, within, false)
	}
	bound("minimum", r.Minimum, true, false)
	bound("exclusiveMinimum", r.ExclusiveMinimum, true, true)
	bound("maximum", r.Maximum, false, false)
	bound("exclusiveMaximum", r.ExclusiveMaximum, false, true)
	for _, v := range r.Enum {
		add("of the enum", v, false)
	}
	if len(r.Enum) > 0 {
		other := strconv.Itoa(len(r.Enum))
		for slices.Contains(r.Enum, other) {
			other = "1" + other
		}
		add("not of the enum", other, true)
	}
	if f, err := strconv.ParseFloat(r.MultipleOf, 64); err == nil {
		if n.kind == integer && f > 1 {
			add("against multipleOf", "1", true)
		} else if n.kind == number {
			add("against multipleOf", strconv.FormatFloat(f*1.5, 'g', 6, 64), true)
		}
		add("a multiple", r.MultipleOf, false)
	}
	return slices.DeleteFunc(all, func(v variant) bool { return v.value == num("") || v.value == "" })
}

// beside returns the number of the type of n that is next to a bound, or "".
func beside(n *node, text string, down bool) string {
	if n.kind == number {
		f, err := strconv.ParseFloat(text, n.typ.Bits())
		if err != nil {
			return ""
		}
		to := math.Inf(1)
		if down {
			to = math.Inf(-1)
		}
		if n.typ.Bits() == 32 {
			return strconv.FormatFloat(float64(math.Nextafter32(float32(f), float32(to))), 'g', -1, 32)
		}
		return strconv.FormatFloat(math.Nextafter(f, to), 'g', -1, 64)
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && i > math.MinInt64 && i < math.MaxInt64 {
		if down {
			return strconv.FormatInt(i-1, 10)
		}
		return strconv.FormatInt(i+1, 10)
	}
	return ""
}

// number returns a number within the bounds.
func (m *maker) number(n *node) num {
	r := n.rules
	if len(r.Enum) > 0 {
		return num(r.Enum[m.rand.IntN(len(r.Enum))])
	}
	from, to := -100.0, 100.0
	if k := n.typ.Kind(); k >= reflect.Uint && k <= reflect.Uintptr {
		from = 0
	}
	hasLow, hasHigh := false, false
	for _, s := range []string{r.Minimum, r.ExclusiveMinimum} {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			from, hasLow = f, true
		}
	}
	for _, s := range []string{r.Maximum, r.ExclusiveMaximum} {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			to, hasHigh = f, true
		}
	}
	switch {
	case hasLow && !hasHigh:
		to = from + 100
	case hasHigh && !hasLow:
		from = min(from, to-100)
	}
	if n.kind == integer && from < 0 && n.typ.Kind() >= reflect.Uint {
		from = 0
	}
	step := 1.0
	if f, err := strconv.ParseFloat(r.MultipleOf, 64); err == nil {
		step = f
	} else if n.kind == number {
		step = (to - from) / 8
	}
	first := from
	if r.MultipleOf != "" {
		if first = math.Trunc(from/step) * step; first < from {
			first += step
		}
	}
	if r.ExclusiveMinimum != "" && first <= from {
		first += step
	}
	steps := int64((to - first) / step)
	if r.ExclusiveMaximum != "" && first+float64(steps)*step >= to {
		steps--
	}
	v := first
	if steps > 0 {
		v += float64(m.rand.Int64N(min(steps, 1000)+1)) * step
	}
	if n.kind == integer {
		return num(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return num(strconv.FormatFloat(v, 'g', 15, 64))
}
