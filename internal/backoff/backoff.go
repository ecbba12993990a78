// Package backoff spaces the attempts of the clients of registries.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// First is the longest first wait.
	First = 100 * time.Millisecond
	// Longest is the longest wait of all, so that instances are known two seconds after an
	// outage.
	Longest = time.Second
)

// A Backoff is the time between attempts. It doubles with each one and is random, so that
// clients that failed together do not retry together. The zero Backoff is ready to use.
type Backoff struct{ next time.Duration }

// Wait waits before the next attempt, or until ctx ends.
func (b *Backoff) Wait(ctx context.Context) { b.WaitAtMost(ctx, Longest) }

// WaitAtMost is like Wait, with longest in place of [Longest].
func (b *Backoff) WaitAtMost(ctx context.Context, longest time.Duration) {
	b.next = min(max(2*b.next, First), longest)
	timer := time.NewTimer(b.next/2 + rand.N(b.next/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Reset makes the next wait a first one.
func (b *Backoff) Reset() { b.next = 0 }
