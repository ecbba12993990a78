package endpoint

import (
	"context"
	"iter"
)

// stream returns the lazy stream of a call through the segments from the i-th on.
// Each range over it is a call. Its items are pointers, as in anyStream.erase.
func (p *plan) stream(ctx context.Context, i int, req any) Stream[any] {
	return func(yield func(any, error) bool) {
		s := &p.segments[i]
		r := &streamRange{plan: p, next: i + 1, req: req, yield: yield}
		r.segment, r.frame = s, frame{layers: s.layers}
		if err := r.run(ctx); err != nil && !r.stopped {
			yield(nil, err)
		}
	}
}

// streamRange is one range over a response stream with the layers of a segment
// around it.
type streamRange struct {
	streamCall
	plan    *plan
	next    int // the index of the segment inside
	req     any
	yield   func(any, error) bool
	cancel  context.CancelFunc
	yielded bool // an item was delivered, so the call is not repeated
	stopped bool // the reader broke out
}

// open makes the call inside the segment. c is the state of the attempt.
func (r *streamRange) open(ctx context.Context, c *streamCall) (Stream[any], error) {
	p, req := r.plan, r.req
	if p.streamsIn {
		req = c.tap(req)
	}
	if r.next < len(p.segments) {
		return p.stream(ctx, r.next, req), nil
	}
	v, err := p.erased(ctx, req)
	if err != nil {
		return nil, err
	}
	return v.(anyStream).erase(), nil
}

// run makes the call and returns its error after the layers' Exit.
func (r *streamRange) run(ctx context.Context) error {
	defer r.frame.unwind()
	defer r.endRequest()
	r.cancel = func() {}
	if r.segment.outer || r.segment.items { // the segments that may end the stream
		ctx, r.cancel = context.WithCancel(ctx)
		// Deferred after unwind, so it runs before it: a producer that waits for
		// its context to end must not have to wait for the layers.
		defer r.cancel()
	}
	ctx, err := r.frame.enter(ctx)
	if err == nil {
		switch {
		case r.segment.kind == repeating:
			err = r.repeat(ctx)
		case r.segment.kind == hedging && !r.plan.streamsIn:
			err = r.hedge(ctx)
		default:
			err = r.once(ctx)
		}
	}
	r.endRequest()
	if err != nil {
		err = r.segment.blameStream(ctx, err, r.yielded)
	}
	return r.frame.exit(err)
}

func (r *streamRange) once(ctx context.Context) error {
	s, err := r.open(ctx, &r.streamCall)
	if err != nil || s == nil {
		return err
	}
	for item, err := range s {
		if err := r.deliver(item, err); err != nil {
			return err
		}
	}
	return nil
}

// deliver passes an item to the reader. Its error ends the stream.
func (r *streamRange) deliver(item any, err error) error {
	more := false
	defer func() {
		// Before the source learns of a break or a panic: a source that waits for
		// the goroutines it started needs its context to be cancelled first.
		if !more {
			r.cancel()
		}
	}()
	if err == nil && r.segment.items {
		err = r.frame.itemOut()
	}
	if err != nil {
		return err
	}
	r.yielded = true
	if more = r.yield(item, nil); more {
		return nil
	}
	r.stopped = true
	return ErrStopped
}

func (r *streamRange) repeat(ctx context.Context) error {
	bound := r.segment.bound
	for at := newAttempt(ctx, nil, bound); ; at = newAttempt(ctx, at, bound) {
		err := r.attempt(at)
		if err == nil || r.yielded || r.wasRanged() || !r.frame.again(&ctx, err) {
			return err
		}
	}
}

// attempt is once with a cancel that ends only this attempt, because the next
// attempt needs the context of the loop.
func (r *streamRange) attempt(at *attemptContext) error {
	loop := r.cancel
	ctx, cancel := context.WithCancel(at)
	r.cancel = func() { cancel(); loop() }
	defer func() { r.cancel = loop; cancel(); at.settle() }()
	s, err := r.open(ctx, &r.streamCall)
	if err != nil || s == nil {
		return err
	}
	for item, e := range s {
		if e != nil {
			cancel()
			return e
		}
		if err := r.deliver(item, nil); err != nil {
			return err
		}
	}
	return nil
}

// hedge races for the first item. The source of the winner is ranged over on the
// goroutine of its attempt until its first item, and on the reader's from then on.
func (r *streamRange) hedge(ctx context.Context) error {
	h := r.segment.layers[0].(Hedger)
	won, err := race(ctx, h, r.segment.bound, func(ctx context.Context) (any, error) {
		s, err := r.open(ctx, &streamCall{segment: r.segment})
		if err != nil || s == nil {
			return &pulled{stop: func() {}}, err
		}
		return pull(s)
	}, func(v any) { v.(*pulled).stop() })
	if err != nil {
		return r.segment.blameRace(ctx, err, won.began)
	}
	p := won.value.(*pulled)
	defer func() { won.cancel(); p.stop(); won.settle() }()
	for ok := p.ok; ok; p.item, p.err, ok = p.next() {
		if err := r.deliver(p.item, p.err); err != nil {
			return err
		}
	}
	return nil
}

// pulled is a stream whose first item has been taken.
type pulled struct {
	next func() (any, error, bool)
	stop func()
	item any
	err  error
	ok   bool // there is an item
}

func pull(s Stream[any]) (*pulled, error) {
	p := &pulled{}
	p.next, p.stop = iter.Pull2(iter.Seq2[any, error](s))
	p.item, p.err, p.ok = p.next()
	if p.err != nil {
		p.stop()
		return p, p.err
	}
	return p, nil
}

// recovering returns the stream that open returns. A panic of open or of the source
// becomes the error of the stream. A panic of the loop over it continues.
func recovering(kind anyStream, open func() (any, error)) any {
	return kind.restore(func(yield func(any, error) bool) {
		r := recovery{yield: yield}
		if err := r.run(open); err != nil && !r.stopped {
			yield(nil, err)
		}
	})
}

// recovery ranges over a stream and distinguishes panics of the source from those
// of the loop body, which must continue.
type recovery struct {
	yield    func(any, error) bool
	yielding bool
	stopped  bool
}

func (r *recovery) run(open func() (any, error)) (err error) {
	defer func() {
		if r.yielding {
			return
		}
		if v := recover(); v != nil {
			err = NewPanicError(v)
		}
	}()
	s, err := open()
	if err != nil {
		return err
	}
	items := s.(anyStream).erase()
	if items == nil {
		return nil
	}
	for item, err := range items {
		if err != nil {
			return err
		}
		r.yielding = true
		r.stopped = !r.yield(item, nil)
		r.yielding = false
		if r.stopped {
			return nil
		}
	}
	return nil
}
