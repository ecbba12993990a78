package discover

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

const (
	firstRetry = 100 * time.Millisecond // before a dial that failed is repeated
	lastRetry  = 30 * time.Second       // the longest such pause
	// dialPatience is how long Run waits for dials that ignore the end of their
	// context.
	dialPatience = time.Second
	// dialMargin is how long a dial may take to return after the end of its time.
	dialMargin = 100 * time.Millisecond
)

var (
	errDialPanicked = errors.New("discover: the dial func panicked")
	errDialLate     = errors.New("discover: the dial func did not return at the end of its context")
	errDialExited   = errors.New("discover: the dial func called runtime.Goexit")
)

// dials are the slots that are being dialled and those that wait for it. A dial runs
// on a goroutine of its own, under a context that ends when the slot is dropped. From
// then on it has no place among the dials, whether or not it returns. It has none after its
// time, either. See decision 165.
type dials struct {
	limit   int
	timeout time.Duration // of each
	running int           // that have a place
	out     int           // goroutines, including those of dropped slots
	waiting []*slot       // for a place
	ctx     context.Context
	failed  error         // of the last dial that has ended; nil if it succeeded
	drained chan struct{} // if not nil, closed when out is 0
}

// next takes a slot to be dialled and its context; it returns nil when no slot waits
// or no place is free.
func (d *dials) next() (context.Context, *slot) {
	for len(d.waiting) > 0 && d.running < d.limit {
		s := d.waiting[0]
		d.waiting = d.waiting[1:]
		if s.dropped {
			continue
		}
		d.running++
		d.out++
		ctx, cancel := context.WithTimeout(d.ctx, d.timeout)
		s.dialling, s.cancel = ctx, cancel
		return ctx, s
	}
	return nil, nil
}

// release ends the context of the slot's dial, if there is one, and frees its place.
func (d *dials) release(s *slot) {
	if s.cancel != nil {
		s.cancel()
		s.dialling, s.cancel = nil, nil
		d.running--
	}
}

// end notes that the goroutine of a dial ends.
func (d *dials) end() {
	d.out--
	if d.out == 0 && d.drained != nil {
		close(d.drained)
	}
}

// drain returns a channel that is closed when the goroutines of all dials have ended.
// No dial may be started afterwards.
func (d *dials) drain() <-chan struct{} {
	d.drained = make(chan struct{})
	if d.out == 0 {
		close(d.drained)
	}
	return d.drained
}

// startDials dials slots that wait, as many as may be dialled at the same time.
func (c *core) startDials() {
	for ctx, s := c.dials.next(); s != nil; ctx, s = c.dials.next() {
		go c.dial(ctx, s, s.addr())
	}
}

// whenLate calls late if a dial or a probe has not returned soon after the end of its time.
// The caller stops the timer when it returns.
func whenLate(timeout time.Duration, late func()) *time.Timer {
	return time.AfterFunc(timeout+min(dialMargin, math.MaxInt64-timeout), late)
}

// dialLate frees the place of a dial that has not returned after the end of its time, so
// that no other dial waits for it. The slot is not dialled again before it returns.
func (c *core) dialLate(ctx context.Context, s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.dialling != ctx {
		return
	}
	c.dials.release(s)
	c.dials.failed = fmt.Errorf("%s: %w", s.addr(), errDialLate)
	c.note(event{kind: "dial_failed", addr: s.addr(), err: errDialLate})
	c.startDials()
	c.publishJoining()
}

// dial dials a slot, unless the slot was dropped before the goroutine ran. It survives
// a dial func that panics or ends its goroutine.
func (c *core) dial(ctx context.Context, s *slot, addr string) {
	defer c.dialEnded()
	var conn any
	var down error // of the first probe
	err := errDialExited
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errDialPanicked, v)
		}
		c.dialled(s, conn, down, err)
	}()
	if ctx.Err() != nil {
		err = ctx.Err()
		return
	}
	late := whenLate(c.dials.timeout, func() { c.dialLate(ctx, s) })
	defer late.Stop()
	conn, err = c.connect(ctx, addr)
	if k := c.config.check; k != nil && err == nil {
		k.run(ctx, conn, func(err error) { down = err })
	}
}

// dialEnded notes that the goroutine of a dial has done all that it does.
func (c *core) dialEnded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dials.end()
}

// dialled takes the outcome of a dial, and of the first probe.
func (c *core) dialled(s *slot, conn any, down, err error) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dials.release(s)
	switch {
	case s.dropped:
		if err == nil {
			s.conn = conn
			c.closing = append(c.closing, s)
		}
	case err != nil && c.dials.ctx.Err() != nil: // the pool is about to end
	case err != nil:
		c.dials.failed = fmt.Errorf("%s: %w", s.addr(), err)
		c.note(event{kind: "dial_failed", addr: s.addr(), err: err})
		s.retry = time.AfterFunc(pause(s.misses), func() { c.redial(s) })
		s.misses++
	default:
		if !s.early || s.misses > 0 { // or it was not there when the others began
			c.warmUp(s)
		}
		s.conn, s.misses, c.dials.failed = conn, 0, nil
		c.roster.tally.update(s, func() { s.ready, s.health.down = true, down != nil })
		if down != nil {
			c.noteHealth(s, down)
		}
		c.scheduleCheck(s)
		c.board.joining = append(c.board.joining, s)
	}
	c.startDials()
	c.publishJoining()
}

// pause returns how long to wait before the next dial, after n+1 failures in a row. The
// time doubles with each failure, and half of it is random.
func pause(n int) time.Duration {
	d := min(firstRetry<<min(n, 16), lastRetry)
	return d/2 + rand.N(d/2)
}

func (c *core) redial(s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.dropped {
		c.dials.waiting = append(c.dials.waiting, s)
		c.startDials()
	}
}

// awaitDials waits until the dials have returned, whose contexts have ended. It gives
// up on those that do not return soon: their connections are closed when they come.
func (c *core) awaitDials() {
	c.mu.Lock()
	drained := c.dials.drain()
	c.mu.Unlock()
	timeout := time.NewTimer(dialPatience)
	defer timeout.Stop()
	select {
	case <-drained:
	case <-timeout.C:
	}
}
