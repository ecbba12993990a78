package shell

import (
	"context"
	"errors"
	"sync"

	"github.com/typedkit/endpoint"
)

// ErrEnded is returned by the send function of a Producer if the call has ended and
// nothing more is to be sent. The receiver finds out why it ended.
var ErrEnded = errors.New("the call has ended")

// A Producer sends a request stream on its own goroutine.
type Producer struct {
	items endpoint.Stream[any]

	// Exclusive holds the lock while an item is sent, so that Failed waits until
	// it is known whether that item could be sent. The send function must then
	// return once the call has ended.
	Exclusive bool

	mu       sync.Mutex // guards the fields below
	started  bool
	stopped  bool
	err      error // of the items, or of sending one
	panicked any   // the value of the panic that ended the items
}

// Start starts the goroutine, unless it was started or stopped before. send sends
// the item that its argument points to. end is called last: with nil if all items
// were sent, with ErrEnded if the call ended first, and otherwise with the error
// that Failed returns.
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
	err := ErrEnded
	finished := false
	defer func() {
		var panicked any
		if !finished {
			panicked = recover()
			err = endpoint.NewPanicError(panicked)
		}
		if isFailure(err) {
			p.fail(err, panicked)
		}
		end(err)
	}()
	err = p.sendAll(send)
	finished = true
}

// isFailure reports whether err is one of the items, or of sending one.
func isFailure(err error) bool {
	return err != nil && err != ErrEnded //nolint:errorlint // an error of the items may wrap it
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
	if isFailure(err) {
		p.err = err // while the lock is held, so that Failed does not miss it
	}
	return err
}

func (p *Producer) fail(err error, panicked any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.panicked = err, panicked
}

// Failed returns the error of the items, or of sending one. If the items panicked,
// Failed panics with the same value on the goroutine of its caller. It returns nil
// for a nil Producer.
func (p *Producer) Failed() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.err
}

// Stop ends the producer together with the call: it is not started any more, and an
// exclusive one sends no further item.
func (p *Producer) Stop() {
	// See decision 28.
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started, p.stopped = true, true
}

func (p *Producer) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

// Whole returns items as a request stream that never looks complete when it was cut
// off: if items ends without an error after ctx has ended, the stream ends with the
// error of ctx. A producer that selects on its context returns in just that way.
// ctx must be the caller's own context, because one derived from it may end later
// than the producer returns.
func Whole(ctx context.Context, items endpoint.Stream[any]) endpoint.Stream[any] {
	// See decision 27.
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
