package zookeeper

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second // so that instances are known two seconds after an outage
)

// A pause is the time between attempts. It grows with each, and is random, so that clients
// that failed together do not ask together. The zero pause is the first one.
type pause struct {
	next time.Duration
}

// wait waits until the pause is over or ctx ends.
func (p *pause) wait(ctx context.Context) { p.waitAtMost(ctx, lastPause) }

// waitAtMost is wait with another longest pause.
func (p *pause) waitAtMost(ctx context.Context, longest time.Duration) {
	p.next = min(max(2*p.next, firstPause), longest)
	timer := time.NewTimer(p.next/2 + rand.N(p.next/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// reset makes the next pause the first one.
func (p *pause) reset() { *p = pause{} }
