// Package bus passes events from one service to others in the same process.
package bus

import (
	"context"
	"sync"
)

// snippet: topic

// A Topic passes events of one type to its subscribers. The publisher does not know them,
// and there may be none. The zero Topic is ready to use. It is safe for concurrent use.
type Topic[E any] struct {
	mu          sync.RWMutex // guards the field below
	subscribers []func(ctx context.Context, event E)
}

// Subscribe makes Publish call f. f runs on the publisher's goroutine and should return fast.
func (t *Topic[E]) Subscribe(f func(ctx context.Context, event E)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subscribers = append(t.subscribers, f)
}

// Publish calls the subscribers in the order of Subscribe, and returns when all have
// returned. They may subscribe and publish themselves.
func (t *Topic[E]) Publish(ctx context.Context, event E) {
	t.mu.RLock()
	subscribers := t.subscribers
	t.mu.RUnlock()
	for _, f := range subscribers {
		f(ctx, event)
	}
}

// end snippet
