package discover

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"
)

var (
	errProbePanicked = errors.New("discover: the probe panicked")
	errProbeExited   = errors.New("discover: the probe called runtime.Goexit")
	errProbeLate     = errors.New("discover: the probe did not return at the end of its context")
)

// Check makes the pool probe each instance at intervals, and the first time before it joins.
// An instance whose probes fail gets no calls until they succeed again, unless no instance
// passes: then all get calls. Its events are "unhealthy", with the error of the probe, and
// "healthy". Check does not replace [Eject], which goes by the outcomes of calls.
//
// probe returns nil for an instance that may be called. Its context ends after
// [CheckTimeout], or sooner when the instance is gone. It is called by several
// goroutines at once, see [CheckAtOnce]. C must be the type of the pool's connections, or
// an interface that it implements. By default the pool has no checks. A nil probe, a nil
// option and a pool made by [Of] are faults.
func Check[C any](probe func(ctx context.Context, conn C) error, opts ...CheckOption) Option {
	return option(func(c *config) {
		if probe == nil {
			c.fault("option Check: the probe is nil")
			return
		}
		check := &check{every: 5 * time.Second, timeout: time.Second, failures: 2, successes: 2, atOnce: 16, takes: reflect.TypeFor[C]()}
		check.probe = func(ctx context.Context, conn any) error {
			typed, ok := conn.(C)
			if !ok {
				return fmt.Errorf("discover: the probe takes %v, not %T", check.takes, conn)
			}
			return probe(ctx, typed)
		}
		for i, o := range opts {
			if o == nil {
				c.fault("option Check: option %d of %d is nil", i+1, len(opts))
				continue
			}
			o.applyCheck(c, check)
		}
		c.check = check
	})
}

// A CheckOption sets up a [Check]. A nil CheckOption is a fault.
type CheckOption interface{ applyCheck(c *config, check *check) }

type checkOption func(c *config, check *check)

func (o checkOption) applyCheck(c *config, check *check) { o(c, check) }

// CheckEvery sets the average time between two probes of an instance, which varies at
// random by up to a quarter. The default is 5 s. A time that is not positive is a fault.
func CheckEvery(d time.Duration) CheckOption {
	return checkOption(func(c *config, check *check) {
		if d <= 0 {
			c.fault("option CheckEvery: %v is not positive", d)
			return
		}
		check.every = d
	})
}

// CheckTimeout sets how long a probe may take. The default is 1 s. A time that is not
// positive is a fault.
func CheckTimeout(d time.Duration) CheckOption {
	return checkOption(func(c *config, check *check) {
		if d <= 0 {
			c.fault("option CheckTimeout: %v is not positive", d)
			return
		}
		check.timeout = d
	})
}

// CheckThresholds sets how many probes in a row must fail before an instance gets no more
// calls, and how many must succeed before it gets calls again. The first probe decides
// alone. The default is 2 and 2. Numbers less than 1 are faults.
func CheckThresholds(failures, successes int) CheckOption {
	return checkOption(func(c *config, check *check) {
		if failures < 1 || successes < 1 {
			c.fault("option CheckThresholds: %d and %d must be at least 1", failures, successes)
			return
		}
		check.failures, check.successes = failures, successes
	})
}

// CheckAtOnce sets how many probes may run at the same time. The first probe of an
// instance is part of its dial, so [Dials] bounds it instead. The default is 16. A number
// less than 1 is a fault.
func CheckAtOnce(n int) CheckOption {
	return checkOption(func(c *config, check *check) {
		if n < 1 {
			c.fault("option CheckAtOnce: %d is not positive", n)
			return
		}
		check.atOnce = n
	})
}

// A check holds the settings of the option Check. See decision 179.
type check struct {
	probe               func(ctx context.Context, conn any) error
	takes               reflect.Type
	every, timeout      time.Duration
	failures, successes int
	atOnce              int
}

// fits returns an error if the probe does not take connections of this type.
func (k *check) fits(conn reflect.Type) error {
	if k == nil || conn.AssignableTo(k.takes) {
		return nil
	}
	return fmt.Errorf("option Check: the probe takes %v, and the connections of the pool are %v", k.takes, conn)
}

// run probes a connection once and passes the outcome to done, even if the probe panics or
// ends its goroutine.
func (k *check) run(ctx context.Context, conn any, done func(err error)) {
	err := errProbeExited
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errProbePanicked, v)
		}
		done(err)
	}()
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	err = k.probe(ctx, conn)
}

// A health is the state of a slot according to its checks.
type health struct {
	down    bool
	row     int         // of probes with the opposite outcome
	timer   *time.Timer // of the next probe
	probing context.Context
	cancel  context.CancelFunc // of probing
}

// checks count the probes that run, and queue the slots that wait for one.
type checks struct {
	running int
	waiting []*slot
}

// scheduleCheck starts the timer of the next probe of the slot.
func (c *core) scheduleCheck(s *slot) {
	k := c.config.check
	if k == nil || s.dropped || c.state == ended {
		return
	}
	d := k.every*3/4 + rand.N(k.every/2+1)
	s.health.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !s.dropped && c.state != ended {
			c.checks.waiting = append(c.checks.waiting, s)
			c.startChecks()
		}
	})
}

// startChecks probes slots that wait, as many as may be probed at the same time. Like a
// dial, a probe that ignores the end of its context loses its place.
func (c *core) startChecks() {
	k := c.config.check
	for c.state != ended && len(c.checks.waiting) > 0 && c.checks.running < k.atOnce {
		s := c.checks.waiting[0]
		c.checks.waiting = c.checks.waiting[1:]
		if s.dropped || !s.enter() {
			continue
		}
		c.checks.running++
		c.dials.out++
		ctx, cancel := context.WithCancel(c.dials.ctx)
		s.health.probing, s.health.cancel = ctx, cancel
		go c.probe(ctx, s)
	}
}

func (c *core) probe(ctx context.Context, s *slot) {
	defer c.dialEnded()
	k := c.config.check
	late := whenLate(k.timeout, func() { c.checked(ctx, s, errProbeLate) })
	k.run(ctx, s.conn, func(err error) {
		late.Stop()
		c.checked(ctx, s, err)
		c.mu.Lock()
		c.scheduleCheck(s)
		c.mu.Unlock()
		if s.leave() {
			c.close(s)
		}
	})
}

// checked takes the outcome of a probe. It ignores a second one, which comes from a probe
// that was late.
func (c *core) checked(ctx context.Context, s *slot, err error) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &s.health
	if h.probing != ctx {
		return
	}
	h.cancel()
	h.probing, h.cancel = nil, nil
	c.checks.running--
	defer c.startChecks()
	if s.dropped || c.state == ended {
		return
	}
	k := c.config.check
	needed := k.failures
	if h.down {
		needed = k.successes
	}
	if (err != nil) == h.down {
		h.row = 0
		return
	}
	if h.row++; h.row < needed && !errors.Is(err, errProbeLate) { // a late probe is not repeated
		return
	}
	h.row = 0
	c.roster.tally.update(s, func() { h.down = !h.down })
	c.noteHealth(s, err)
	if !h.down {
		c.warmUp(s)
	}
	c.publish()
}

// noteHealth notes that the slot has become healthy or unhealthy.
func (c *core) noteHealth(s *slot, err error) {
	kind := "healthy"
	if s.health.down {
		kind = "unhealthy"
	}
	c.note(event{kind: kind, addr: s.addr(), err: err})
}
