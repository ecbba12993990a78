package discover

import (
	"context"
	"io"
	"time"

	"github.com/typedkit/endpoint"
)

// An event is an endpoint.Event of a pool in short.
type event struct {
	kind, addr string
	delay      time.Duration
	err        error
}

// events are to be emitted once the lock is free.
type events struct {
	waiting  []event
	emitting bool // by another goroutine
}

// note keeps an event until the lock, which the caller holds, is released.
func (c *core) note(e event) { c.events.waiting = append(c.events.waiting, e) }

// after does what must not be done with the lock held. Whoever takes the lock to
// change something defers it before.
func (c *core) after() {
	c.emitWaiting()
	c.mu.Lock()
	closing := c.closing
	c.closing = nil
	c.mu.Unlock()
	for _, s := range closing {
		c.close(s)
	}
}

// emitWaiting emits the events in the order in which they were noted: the goroutine
// that is emitting also emits what is noted meanwhile.
func (c *core) emitWaiting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.events.emitting && len(c.events.waiting) > 0 {
		all := c.events.waiting
		c.events = events{emitting: true}
		c.emitAll(all)
	}
}

// emitAll releases the lock for as long as it takes, even if a callback panics.
func (c *core) emitAll(all []event) {
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.events.emitting = false
	}()
	for _, e := range all {
		c.emit(e)
	}
}

// emit passes the event to the OnEvent callback, if there is one.
func (c *core) emit(e event) {
	if c.config.onEvent != nil {
		c.config.onEvent(context.Background(), endpoint.Event{
			Source: "pool", Name: c.config.name, Kind: e.kind, Detail: e.addr, Delay: e.delay, Err: e.err,
		})
	}
}

// close closes the connection of a slot if it can be closed and the pool dialled it.
func (c *core) close(s *slot) {
	if c.connect == nil {
		return
	}
	if conn, ok := s.conn.(io.Closer); ok {
		if err := conn.Close(); err != nil {
			c.emit(event{kind: "close_failed", addr: s.addr(), err: err})
		}
	}
}
