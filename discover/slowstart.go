package discover

import "time"

// slowSteps is the number of steps in which a weight grows.
const slowSteps = 10

// A slowStart sets the weights of slots, which are less than the whole for a while;
// see [SlowStart].
type slowStart struct {
	period time.Duration // 0 for none
	timer  *time.Timer   // of the next step, nil while no weight grows
}

// begin starts the slow start of a slot.
func (w *slowStart) begin(s *slot, step func()) {
	if w.period == 0 {
		return
	}
	s.warm = time.Now()
	w.weigh(s)
	w.again(step)
}

// again calls step when the weights are to grow.
func (w *slowStart) again(step func()) {
	if w.timer == nil {
		w.timer = time.AfterFunc(w.period/slowSteps, step)
	}
}

// weigh sets the weight of a slot as it is now, and reports whether it will grow.
func (w *slowStart) weigh(s *slot) bool {
	weight := s.instance.Load().weight()
	if !s.warm.IsZero() {
		if step := 1 + slowSteps*time.Since(s.warm)/w.period; step < slowSteps {
			s.weigh(weight * float64(step) / slowSteps)
			return true
		}
		s.warm = time.Time{}
	}
	s.weigh(weight)
	return false
}

// warmUp starts the slow start of a slot.
func (c *core) warmUp(s *slot) { c.slow.begin(s, c.growWeights) }

// growWeights takes all weights that are growing one step further.
func (c *core) growWeights() {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow.timer = nil
	if c.state == ended {
		return
	}
	for _, s := range c.roster.slots {
		if !s.warm.IsZero() && c.slow.weigh(s) {
			c.slow.again(c.growWeights)
		}
	}
	c.publish()
}
