package resilience

import "errors"

// A LimitsOption is for policies that find by themselves how many calls may run at
// the same time.
type LimitsOption interface {
	AdaptiveOption
	ShedOption
}

// Limits bounds the limit that a policy finds. The default of an [Adaptive] is 1
// and 200, that of a [Shed] 20 and 10,000. least must be positive and most not
// below it. A later Limits replaces an earlier one.
func Limits(least, most int) LimitsOption { return limits{least, most} }

type limits struct{ least, most int }

func (l limits) applyAdaptive(a *Adaptive) { a.limits = l }
func (l limits) applyShed(s *Shed)         { s.limits = l }

// nearest returns n, or the bound that it is beyond.
func (l limits) nearest(n int) int { return min(max(n, l.least), l.most) }

// faults returns what is wrong with the option that the constructor got.
func (l limits) faults(constructor string) error {
	return errors.Join(
		fault(l.least > 0, "%s: Limits(%d, %d): want a positive number", constructor, l.least, l.most),
		fault(l.least <= l.most, "%s: Limits(%d, %d): the greater number is first", constructor, l.least, l.most),
	)
}
