package discover

import (
	"time"

	"github.com/typedkit/endpoint"
)

// age returns how long ago the source last yielded a set, 0 before the first and if
// the set never changes.
func (c *core) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known.IsZero() || c.isFixed {
		return 0
	}
	return time.Since(c.known)
}

// serving returns how many slots get calls and have not reached the limit of failures
// in a row, at which a slot is ejected if enough others are left. See decision 147.
func (c *core) serving() int {
	limit, n := c.config.outlier.failures, 0
	for _, l := range c.board.levels {
		if l.share == 0 {
			continue
		}
		for _, s := range l.shown {
			if (limit == 0 || s.failed.Load() < limit) && !s.health.down {
				n++
			}
		}
	}
	return n
}

// gauges returns the figures of the pool; see [Pool.Gauges].
func (c *core) gauges() []endpoint.Gauge {
	age := c.age()
	c.mu.Lock()
	defer c.mu.Unlock()
	slots := c.roster.slots
	all := make([]endpoint.Gauge, 4, 4+3*len(slots))
	all[0] = endpoint.Gauge{Metric: "instances", Value: float64(len(slots))}
	all[1] = endpoint.Gauge{Metric: "serving", Value: float64(c.serving())}
	all[2] = endpoint.Gauge{Metric: "ejected"}
	all[3] = endpoint.Gauge{Metric: "age_seconds", Value: age.Seconds()}
	for _, s := range slots {
		out := endpoint.Gauge{Metric: "out", Detail: s.addr()}
		if s.out {
			all[2].Value++
			out.Value = 1
		}
		all = append(all,
			endpoint.Gauge{Metric: "pending", Detail: s.addr(), Value: float64(s.pending())},
			endpoint.Gauge{Metric: "weight", Detail: s.addr(), Value: s.currentWeight()},
			out)
	}
	for i := range all {
		all[i].Source, all[i].Name = "pool", c.config.name
	}
	return all
}
