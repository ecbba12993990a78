package resilience

import (
	"context"
	"slices"
	"sync"

	"github.com/typedkit/endpoint"
)

// maxQueued is how many events wait for a callback that takes its time. If more would
// wait, old events that lead from one state back to the same state are dropped. So each
// event can follow the one before it, and the last event is the present state.
const maxQueued = 64

// An eventQueue delivers the events of changes of one state in the order of the changes,
// one at a time. The zero eventQueue is ready for use, by several goroutines.
type eventQueue struct {
	mu         sync.Mutex // guards the fields below
	queued     []queuedEvent
	last       string // kind of the event that was taken last
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
		q.shorten()
	}
	q.queued = append(q.queued, e)
}

// shorten drops the events after the first kind that occurs twice, up to its second
// occurrence. There are few kinds, so this is near the front.
func (q *eventQueue) shorten() {
	positions := map[string]int{q.last: 0} // number of events up to and including the kind
	for i, e := range q.queued {
		if from, again := positions[e.event.Kind]; again {
			q.queued = slices.Delete(q.queued, from, i+1)
			return
		}
		positions[e.event.Kind] = i + 1
	}
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
	q.queued, q.last = q.queued[1:], e.event.Kind
	return e, true
}
