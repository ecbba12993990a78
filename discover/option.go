package discover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// A config is what the options of a pool set.
type config struct {
	name      string
	balancer  Balancer
	own       tableBalancer // the balancer, if it is one of this package
	zone      string
	wait      time.Duration
	grace     time.Duration
	slowStart time.Duration
	dials     int
	dialTime  time.Duration
	outlier   outlier
	ejectable float64 // the largest part of a tier
	fails     func(error) bool
	check     *check // nil for none
	fair      time.Duration
	onEvent   func(context.Context, endpoint.Event)
	faults    []error
}

// newConfig returns what the options of a constructor set.
func newConfig(constructor string, opts []Option) config {
	c := config{
		balancer: PeakEWMA(), wait: 5 * time.Second, grace: time.Minute, dials: 64, dialTime: 3 * time.Second,
		outlier: outlier{failures: 5, base: 10 * time.Second}, fair: mark.FairTime, ejectable: 0.1, fails: endpoint.ServerFault,
	}
	for i, o := range opts {
		if o == nil {
			c.fault("%s: option %d of %d is nil", constructor, i+1, len(opts))
			continue
		}
		o.apply(&c)
	}
	c.own, _ = c.balancer.(tableBalancer)
	return c
}

func (c *config) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("discover: "+format, args...))
}

// observed returns the error of a call as balancers see it, who know nothing of the
// option FairTime.
func (c *config) observed(err error) error {
	if err == nil || mark.Excused(err, c.fair) {
		return err
	}
	return mark.Counted(err)
}

func (c *config) err() error { return errors.Join(c.faults...) }

// An Option sets up a [Pool]. A nil Option is a fault.
type Option interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

// Named names the pool in its events and gauges. The default is no name.
func Named(name string) Option {
	return option(func(c *config) { c.name = name })
}

// OnEvent sets a callback for the pool's events, which is called without a lock
// held. By default, and with a nil f, events are dropped. A later OnEvent replaces
// an earlier one.
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

// Zone prefers instances of this zone, the caller's own, to others of the same
// priority. It gets all calls while at least half of it is healthy, and then a part of
// them. The default is no preference.
func Zone(zone string) Option {
	return option(func(c *config) { c.zone = zone })
}

// Wait sets how long a call waits for the first instance, at most as long as its
// context lasts. With zero, calls do not wait. The default is 5 s. A negative time is
// a fault. A call never waits once the pool has had a set.
func Wait(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option Wait: %v is negative", d)
			return
		}
		c.wait = d
	})
}

// Grace sets how long the last instances are kept when the source says that there
// are none, since that is more often a mistake of the source than the truth. The
// default is one minute; zero accepts an empty set immediately. A negative time is a
// fault.
func Grace(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option Grace: %v is negative", d)
			return
		}
		c.grace = d
	})
}

// SlowStart lets the weight of an instance grow in ten steps from a tenth to the
// whole within this time, after it has joined or has come back from an ejection.
// Instances of the first set start with the whole. The default is zero, no slow
// start. A negative time is a fault.
func SlowStart(d time.Duration) Option {
	return option(func(c *config) {
		if d < 0 {
			c.fault("option SlowStart: %v is negative", d)
			return
		}
		c.slowStart = d
	})
}

// Dials sets how many instances are dialled at the same time. The default is 64. A
// number less than 1 is a fault.
func Dials(n int) Option {
	return option(func(c *config) {
		if n < 1 {
			c.fault("option Dials: %d is not positive", n)
			return
		}
		c.dials = n
	})
}

// DialTimeout sets how long a dial may take, at the end of which its context ends and the
// next instance gets its place. The default is 3 s, which is less than the default of
// [Wait]. A time that is not positive is a fault.
func DialTimeout(d time.Duration) Option {
	return option(func(c *config) {
		if d <= 0 {
			c.fault("option DialTimeout: %v is not positive", d)
			return
		}
		c.dialTime = d
	})
}

// FairTime sets how much time a call must have had for its end by a deadline to count
// against its instance, if the deadline came over a wire, with the request of the call
// that this process serves. A tenth less is enough, because a call spends some of its
// time on its way. With less than that, it is not a failure of the instance, since the
// caller may have sent any deadline. It may count as slow, see [Eject]. A deadline that
// this process sets counts in any case. The default is 1 s. A time that is not positive is
// a fault.
func FairTime(d time.Duration) Option {
	return option(func(c *config) {
		if d <= 0 {
			c.fault("option FairTime: %v is not positive", d)
			return
		}
		c.fair = d
	})
}

// Eject sets when an instance gets no calls for a while: after so many failures
// in a row that are the server's ([endpoint.ServerFault], and see [FairTime]), for
// base. So do as many calls in a row, over at least the time of FairTime, that were
// cancelled, or ended by a deadline that came over a wire, after more than three times
// the usual latency. The instance then comes back on probation:
// one failure more ejects it again, for base longer than the time before, at
// most ten times base; one success ends the probation. [FailIf] sets what a failure is,
// and [Ejectable] how many instances may be ejected at a time: by default a tenth of those
// of a priority and zone, and at least one. The bound does not apply while other priorities
// or zones can take the calls. The default is 5 failures and 10 s. Zero failures ejects
// nothing. A negative number of failures is a fault, and so is a base that is not positive,
// unless failures is zero.
func Eject(failures int, base time.Duration) Option {
	return option(func(c *config) {
		switch {
		case failures < 0:
			c.fault("option Eject: the number of failures %d is negative", failures)
		case failures > 0 && base <= 0:
			c.fault("option Eject: the time %v is not positive", base)
		default:
			c.outlier = outlier{failures: int32(min(failures, 1<<20)), base: base} //nolint:gosec // bounded
		}
	})
}

// Ejectable sets which part of the instances of a priority and zone may be ejected at a
// time, where no other priority or zone can take the calls. At least one may be. The
// default is 0.1. A part outside 0 to 1 is a fault.
func Ejectable(part float64) Option {
	return option(func(c *config) {
		if !(part >= 0 && part <= 1) { // or NaN
			c.fault("option Ejectable: %v is not between 0 and 1", part)
			return
		}
		c.ejectable = part
	})
}

// FailIf sets which errors of calls are failures of their instance: they count for [Eject]
// and make it look slow to [PeakEWMA]. All others end a row of failures. The default is
// [endpoint.ServerFault]. fails is not asked about a cancellation, nor about a deadline that
// left the call no fair time ([FairTime]): these are no failures. It must be safe for
// concurrent use. A nil func leaves the default.
func FailIf(fails func(err error) bool) Option {
	return option(func(c *config) {
		if fails != nil {
			c.fails = fails
		}
	})
}
