package discover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
)

// config is what the options of a pool set.
type config struct {
	name      string
	balancer  Balancer
	own       tableBalancer // the balancer, if it is one of this package
	zone      string
	wait      time.Duration
	grace     time.Duration
	slowStart time.Duration
	dials     int
	outlier   outlier
	onEvent   func(context.Context, endpoint.Event)
	faults    []error
}

func newConfig(opts []Option) config {
	c := config{
		balancer: PeakEWMA(), wait: 5 * time.Second, grace: time.Minute, dials: 64,
		outlier: outlier{failures: 5, base: 10 * time.Second},
	}
	for _, o := range opts {
		if o != nil {
			o.applyPool(&c)
		}
	}
	c.own, _ = c.balancer.(tableBalancer)
	return c
}

func (c *config) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("discover: "+format, args...))
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a [Pool].
type Option interface{ applyPool(c *config) }

type option func(c *config)

func (o option) applyPool(c *config) { o(c) }

// Named names the pool in its events and gauges. The default is no name.
func Named(name string) Option {
	return option(func(c *config) { c.name = name })
}

// OnEvent has f called for each event of the pool, without any lock held. The
// default is nobody. A later OnEvent replaces an earlier one.
func OnEvent(f func(context.Context, endpoint.Event)) Option {
	return option(func(c *config) { c.onEvent = f })
}

// Balance sets how a member is picked: with a balancer of this package, or with
// one of your own, which may be a [BalancerFunc]. The default is [PeakEWMA]. A nil
// balancer is a fault.
func Balance(b Balancer) Option {
	return option(func(c *config) {
		if f, ok := b.(BalancerFunc); b == nil || ok && f == nil {
			c.fault("option Balance: the balancer is nil")
			return
		}
		c.balancer = b
	})
}

// Zone prefers instances of this zone, the caller's own, while at least half of
// those that the set has there are healthy. The default is no preference.
func Zone(zone string) Option {
	return option(func(c *config) { c.zone = zone })
}

// Wait sets how long a call waits for the first instance, at most as long as
// its context lasts; zero does not wait. The default is 5 s. A call never waits
// once the pool has had a set.
func Wait(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option Wait: %v is negative", d)
			return
		}
		c.wait = d
	})
}

// Grace sets how long the last instances are kept when the source says that
// there are none, which is more often a mistake of the source than the truth.
// The default is a minute; zero believes at once.
func Grace(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option Grace: %v is negative", d)
			return
		}
		c.grace = d
	})
}

// SlowStart lets the weight of an instance that joined, or that came back after
// it was ejected, grow in ten steps from a tenth to the whole within this time.
// Those of the first set start with the whole. The default is zero, no slow
// start.
func SlowStart(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option SlowStart: %v is negative", d)
			return
		}
		c.slowStart = d
	})
}

// Dials sets how many instances are dialled at the same time, at least one. The
// default is 64.
func Dials(n int) Option {
	return option(func(c *config) {
		if n < 1 {
			c.fault("option Dials: %d is not positive", n)
			return
		}
		c.dials = n
	})
}

// Eject sets when an instance gets no calls for a while: after so many failures
// in a row that are the server's, for base. It then comes back on probation:
// one failure more ejects it again, for base longer than the time before, at
// most ten times base; one success ends the probation. At most a tenth of the
// instances is ejected at a time, and at least one may be. The default is 5
// failures and 10 s; zero failures ejects nothing.
func Eject(failures int, base time.Duration) Option {
	return option(func(c *config) {
		switch {
		case failures < 0:
			c.fault("option Eject: %d failures", failures)
		case failures > 0 && base <= 0:
			c.fault("option Eject: the time %v is not positive", base)
		default:
			c.outlier = outlier{failures: int32(min(failures, 1<<20)), base: base} //nolint:gosec // bounded
		}
	})
}
