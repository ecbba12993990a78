package shell

import (
	"context"
	"errors"
	"sync"

	"github.com/typedkit/endpoint"
)

// ErrEnded is what a Producer's send returns when the call has ended, so that
// nothing more is to be sent. The reason is found by whoever receives.
var ErrEnded = errors.New("the call has ended")

// A Producer sends a request stream on a goroutine of its own.
type Producer struct {
	items endpoint.Stream[any]

	// Exclusive holds the lock while an item is sent, so that Failed waits for
	// the fault of that item. The send must return once the call has ended.
	Exclusive bool

	mu      sync.Mutex // guards the fields below
	started bool
	stopped bool
	err     error // of the items, or of sending one
}

// Start starts the goroutine, unless it was started or stopped. send sends the
// item that item points to. end is called last, with nil when all items were sent,
// and with ErrEnded or the error of Failed otherwise.
func (p *Producer) Start(send func(item any) error, end func(err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started {
		return
	}
	p.started = true
	go p.run(send, end)
}

func (p *Producer) run(send func(item any) error, end func(err error)) {
	err := error(ErrEnded)
	finished := false
	defer func() {
		if !finished {
			err = endpoint.NewPanicError(recover())
		}
		if err != nil && err != ErrEnded { //nolint:errorlint // the very same
			p.fail(err)
		}
		end(err)
	}()
	err = p.sendAll(send)
	finished = true
}

func (p *Producer) sendAll(send func(item any) error) error {
	if p.isStopped() {
		return ErrEnded
	}
	if p.items == nil {
		return nil
	}
	for item, err := range p.items {
		if err == nil {
			err = p.sendOne(item, send)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Producer) sendOne(item any, send func(item any) error) error {
	if !p.Exclusive {
		return send(item)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return ErrEnded
	}
	err := send(item)
	if err != nil && err != ErrEnded { //nolint:errorlint // the very same
		p.err = err // before Failed gets the lock
	}
	return err
}

func (p *Producer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// Failed returns the error of the items, or of sending one. A panic of the items
// goes on, on the goroutine that calls Failed. It is nil on a nil Producer.
func (p *Producer) Failed() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.err.(*endpoint.PanicError); ok && e.Value != nil { //nolint:errorlint // it is ours, not wrapped
		panic(e.Value)
	}
	return p.err
}

// Stop ends the producer with the call: one that was not started never is, and an
// exclusive one sends no further item.
func (p *Producer) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started, p.stopped = true, true
}

func (p *Producer) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

// Whole returns a request stream that ends with an error where items end without
// one although ctx, the caller's, has ended: a producer that selects on its
// context returns then, and what it sent so far must not look like the whole. It
// has to be the very context of the caller: contexts derived from it end after the
// producer hears of it.
func Whole(ctx context.Context, items endpoint.Stream[any]) endpoint.Stream[any] {
	if items == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		for item, err := range items {
			if !yield(item, err) || err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, ContextError(ctx))
		}
	}
}
