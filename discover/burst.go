package discover

import "time"

const (
	firstGap  = 20 * time.Millisecond // between the first slot of a burst and its publication
	lastGap   = 5 * time.Second       // the longest gap
	gapFactor = 4
)

// A burst spaces the publications of slots that are dialled side by side. Each
// publication copies much of the set for each operation, so the gaps between them
// grow. See decision 48.
type burst struct {
	gap   time.Duration // before the last publication
	timer *time.Timer   // of the next one, nil when none is due
}

// soon calls publish after a gap, which is longer than the one before.
func (b *burst) soon(publish func()) {
	if b.timer == nil {
		b.gap = min(max(b.gap*gapFactor, firstGap), lastGap)
		b.timer = time.AfterFunc(b.gap, publish)
	}
}

// stop notes that everything is published, or is not to be.
func (b *burst) stop() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

// publishJoining publishes the slots that have become ready: when the last dial is
// back, and before that soon, together with others. The first set is no exception:
// the slot that is dialled first should not get all the calls that have waited, nor
// should one of a priority that is not the first. See decision 87.
func (c *core) publishJoining() {
	idle := c.dials.running == 0
	if idle {
		c.burst.gap = 0
	}
	switch {
	case len(c.board.joining) == 0:
	case idle:
		c.publish()
	default:
		c.burst.soon(c.gapOver)
	}
}

func (c *core) gapOver() {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.burst.timer == nil || c.state == ended:
	case !c.board.first && c.dials.running > 0 && c.roster.tally.up() == 0:
		c.burst.timer = nil // a set without a healthy instance is not the first
		c.burst.soon(c.gapOver)
	default:
		c.publish()
	}
}
