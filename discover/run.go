package discover

import (
	"context"
	"time"
)

// run follows the source until ctx or the source ends, and ends the pool.
// See decision 51.
func (c *core) run(ctx context.Context, s Source) (last error) {
	if s == nil {
		return errSource
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, isFixed := s.(fixed)
	if err := c.start(ctx, cancel, isFixed); err != nil {
		return err
	}
	defer c.awaitDials()
	defer func() { c.end(last) }() // even if the source panics
	sets := s.Watch(ctx)
	if sets == nil {
		return errWatch
	}
	for set, err := range sets {
		last = err
		if err != nil {
			c.sourceFailed(ctx, err)
		} else {
			c.update(set)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return last
}

func (c *core) start(ctx context.Context, cancel context.CancelFunc, isFixed bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.connect == nil:
		return errOf
	case c.state == ended:
		return errClosed
	case c.state == running:
		return errTwice
	}
	c.state, c.dials.ctx, c.cancel, c.isFixed = running, ctx, cancel, isFixed
	return nil
}

// sourceFailed notes that the source cannot tell at the moment. See decision 94.
func (c *core) sourceFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // it was told to end
	}
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	if c.cause == nil {
		c.note(event{kind: "source_failed", err: err})
	}
	c.cause = err
	c.watchGrace()
}

// update takes a set of the source.
func (c *core) update(set []Instance) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	if c.cause != nil {
		c.cause = nil
		c.note(event{kind: "source_recovered"})
	}
	c.known = time.Now()
	added, changed := c.roster.merge(set)
	c.events.waiting = append(c.events.waiting, c.roster.refused.fresh...)
	c.events.waiting = append(c.events.waiting, c.roster.odd.fresh...)
	for _, s := range added {
		s.early = !c.board.first
	}
	c.dials.waiting = append(c.dials.waiting, added...)
	c.watchGrace()
	if changed {
		c.publish()
	}
	c.startDials()
	c.publishJoining()
	if c.roster.isEmpty() {
		c.note(event{kind: "empty"})
		c.wake() // those who wait for the first instance wait in vain
	}
}

// watchGrace starts or stops the time for which slots are kept though the set is
// empty. While the source is in error, the set may no longer be empty. See decision 88.
func (c *core) watchGrace() {
	switch kept := c.roster.keepsWithoutSuccessors() && c.cause == nil; {
	case kept && c.grace == nil:
		c.grace = time.AfterFunc(c.config.grace, c.graceOver)
	case !kept && c.grace != nil:
		c.grace.Stop()
		c.grace = nil
	}
}

func (c *core) graceOver() {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended || c.grace == nil {
		return
	}
	c.grace = nil
	c.roster.dropMissing()
	c.publish()
}

// end closes the pool because of cause, which is nil for the user's wish.
func (c *core) end(cause error) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	c.state, c.cause = ended, cause
	if c.cancel != nil {
		c.cancel()
	}
	c.burst.stop()
	for _, t := range []*time.Timer{c.grace, c.slow.timer} {
		if t != nil {
			t.Stop()
		}
	}
	c.roster.dropAll()
	c.board = board{first: c.board.first}
	c.publisher.publish()
	c.retireDropped()
	c.roster.tally.touched, c.dials.waiting = nil, nil
	c.checks.waiting = nil
	c.wake()
}
