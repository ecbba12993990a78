package resilience

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

func (l limits) applyAdaptive(a *Adaptive) { l.apply(&a.construction, &a.limits) }
func (l limits) applyShed(s *Shed)         { l.apply(&s.construction, &s.limits) }

// apply sets the limits, unless they have a fault: the library of an Adaptive
// panics at those.
func (l limits) apply(c *construction, to *limits) {
	isPositive := c.check(l.least > 0, "Limits(%d, %d): want a positive number", l.least, l.most)
	if c.check(l.least <= l.most, "Limits(%d, %d): the greater number is first", l.least, l.most) && isPositive {
		*to = l
	}
}

// nearest returns n, or the bound that it is beyond.
func (l limits) nearest(n int) int { return min(max(n, l.least), l.most) }
