package resilience

import (
	"context"
	"sync"

	"github.com/typedkit/endpoint"
)

// maxQueued is how many events wait for a callback that takes its time. Of more, the
// oldest are dropped, so the last event is always the present state.
const maxQueued = 64

// An eventQueue delivers the events of changes of one state in the order of the changes,
// one at a time. The zero eventQueue is ready for use, by several goroutines.
type eventQueue struct {
	mu         sync.Mutex // guards the fields below
	queued     []queuedEvent
	delivering bool
}

// queuedEvent is an event with the context of the call that caused it.
type queuedEvent struct {
	ctx   context.Context
	event endpoint.Event
}

// change calls apply, which must not call back, and queues e if apply reports that the
// state has changed.
func (q *eventQueue) change(e queuedEvent, apply func() bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !apply() {
		return
	}
	if len(q.queued) == maxQueued {
		q.queued = append(q.queued[:0], q.queued[1:]...)
	}
	q.queued = append(q.queued, e)
}

// deliver calls emit for each event of the queue, unless another goroutine does. It
// delivers the others even if emit panics.
func (q *eventQueue) deliver(emit func(ctx context.Context, e endpoint.Event)) {
	q.mu.Lock()
	if q.delivering {
		q.mu.Unlock()
		return
	}
	q.delivering = true
	q.mu.Unlock()
	q.drain(emit)
}

func (q *eventQueue) drain(emit func(ctx context.Context, e endpoint.Event)) {
	for {
		next, ok := q.next()
		if !ok {
			return
		}
		func() {
			finished := false
			defer func() {
				if !finished { // it panicked, or its goroutine exits
					q.drain(emit)
				}
			}()
			emit(next.ctx, next.event)
			finished = true
		}()
	}
}

// next takes the first event out of the queue. Without one, the delivery has ended.
func (q *eventQueue) next() (queuedEvent, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queued) == 0 {
		q.queued, q.delivering = nil, false
		return queuedEvent{}, false
	}
	e := q.queued[0]
	q.queued = q.queued[1:]
	return e, true
}
