package endpoint

import (
	"context"
	"iter"
	"reflect"
	"sync/atomic"
)

// A Stream is a sequence of items as a whole request or a whole response, never
// a field of one. T is the type of an item. It converts freely to and from
// iter.Seq2[T, error].
//
// A Stream is cold: calling an endpoint that returns one does nothing that
// needs cleaning up; ranging over it is the call, and ranging twice is two
// calls. A stream yields at most one error, last, with the zero item. Items are
// yielded on the goroutine that ranges. A break cancels the call. The stream of
// a request can be ranged over once; what produces it must select on its
// context.
//
//	for tick, err := range ticks {
//		if err != nil {
//			return err
//		}
//		…
//	}
type Stream[T any] func(yield func(T, error) bool)

// StreamOf returns a stream of these items.
func StreamOf[T any](items ...T) Stream[T] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// Collect ranges over the stream and returns its items, those before the error
// if it ends with one.
func (s Stream[T]) Collect() ([]T, error) {
	var items []T
	if s == nil {
		return nil, nil
	}
	for item, err := range s {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// StreamItem returns the type of the items if t is a [Stream]. For authors of
// transports.
func StreamItem(t reflect.Type) (item reflect.Type, ok bool) {
	if s, ok := asStream(t); ok {
		return s.itemType(), true
	}
	return nil, false
}

// anyStream is a Stream whose item type the code at hand does not know. What
// goes in and out as any has the type of the receiver, or of a function that
// returns it.
type anyStream interface {
	itemType() reflect.Type
	tapped(c *streamCall) any
	recovering(open any) any
	layered(ctx context.Context, s *segment, streamsIn bool, open any) any
}

func streamOf[T any]() (anyStream, bool) { return asStream(reflect.TypeFor[T]()) }

// asStream returns the nil stream of type t, if that is a Stream and no struct
// that embeds one.
func asStream(t reflect.Type) (anyStream, bool) {
	if t.Kind() != reflect.Func {
		return nil, false
	}
	return reflect.TypeAssert[anyStream](reflect.Zero(t))
}

// streamCall is the state of one call that has a stream on some side.
type streamCall struct {
	segment *segment
	frame   frame
	ranged  atomic.Bool // the request was ranged over: no repeat
	items   *requestItems
}

func (c *streamCall) wasRanged() bool { return c != nil && c.ranged.Load() }

// tap returns req, a stream, such that c knows of its range and its layers of
// its items.
func tap[Req any](c *streamCall, req Req) Req {
	return any(req).(anyStream).tapped(c).(Req)
}

// endRequest lets no layer see an item of the request any more. It runs before
// Exit, however the call ends.
func (c *streamCall) endRequest() {
	if c.items != nil {
		c.items.end()
	}
}

// requestItems shows the items of a request to the layers of a call. What ranges
// over a request may be another goroutine than that of the call, and a transport
// does not wait for it: it may still be there when the call ends.
type requestItems struct {
	layers  []Layer
	frame   frame // that of the call, with contexts that end with it
	cancels []context.CancelFunc
	turn    chan struct{} // holds who shows an item or ends; no mutex, because a layer may wait in Item
	ended   bool
}

func newRequestItems(layers []Layer, f frame) *requestItems {
	r := &requestItems{layers: layers, frame: f, turn: make(chan struct{}, 1)}
	for i, l := range layers {
		if _, ok := l.(Streamer); ok {
			ctx, cancel := context.WithCancel(f.ctx[i])
			r.frame.ctx[i], r.cancels = ctx, append(r.cancels, cancel)
		}
	}
	return r
}

// show lets the layers see an item. Its error ends the stream, and is ErrStopped
// for one that comes after the call has ended.
func (r *requestItems) show() error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if r.ended {
		return ErrStopped
	}
	return r.frame.itemIn(r.layers)
}

func (r *requestItems) end() {
	for _, cancel := range r.cancels { // for an Item that waits
		cancel()
	}
	r.turn <- struct{}{}
	r.ended = true
	<-r.turn
}

func (s Stream[T]) itemType() reflect.Type { return reflect.TypeFor[T]() }

func (s Stream[T]) tapped(c *streamCall) any {
	if c.segment.items {
		c.items = newRequestItems(c.segment.layers, c.frame)
	}
	return Stream[T](func(yield func(T, error) bool) {
		c.ranged.Store(true)
		if s == nil {
			return
		}
		for item, err := range s {
			if err == nil && c.items != nil {
				err = c.items.show()
			}
			if err != nil {
				yield(*new(T), err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	})
}

func (s Stream[T]) recovering(open any) any {
	call := open.(func() (Stream[T], error))
	return Stream[T](func(yield func(T, error) bool) {
		r := recovery[T]{yield: yield}
		if err := r.run(call); err != nil && !r.stopped {
			yield(*new(T), err)
		}
	})
}

// recovery ranges over a stream and keeps panics of the source apart from those
// of the loop body, which must go on.
type recovery[T any] struct {
	yield    func(T, error) bool
	yielding bool
	stopped  bool
}

func (r *recovery[T]) run(open func() (Stream[T], error)) (err error) {
	defer func() {
		if r.yielding {
			return
		}
		if v := recover(); v != nil {
			err = NewPanicError(v)
		}
	}()
	s, err := open()
	if err != nil || s == nil {
		return err
	}
	for item, err := range s {
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

func (s Stream[T]) layered(ctx context.Context, seg *segment, streamsIn bool, open any) any {
	call := open.(func(context.Context, *streamCall) (Stream[T], error))
	return Stream[T](func(yield func(T, error) bool) {
		l := layered[T]{segment: seg, open: call, yield: yield}
		err := l.run(ctx, streamsIn)
		if err != nil && !l.stopped {
			yield(*new(T), err)
		}
	})
}

// layered is one range over a stream with the layers of a segment around it.
type layered[T any] struct {
	streamCall
	open    func(context.Context, *streamCall) (Stream[T], error)
	yield   func(T, error) bool
	cancel  context.CancelFunc
	yielded bool // an item went out: no repeat
	stopped bool // the reader broke out
}

// run returns the error that stands after the layers' Exit.
func (l *layered[T]) run(ctx context.Context, streamsIn bool) error {
	layers := l.segment.layers
	defer l.frame.unwind(layers)
	defer l.endRequest()
	l.cancel = func() {}
	if l.segment.outer || l.segment.items { // those that may end the stream
		ctx, l.cancel = context.WithCancel(ctx)
		// After unwind in this list, so before it in time: a producer that
		// waits for its context must not wait for the layers.
		defer l.cancel()
	}
	ctx, err := l.frame.enter(ctx, layers)
	if err == nil {
		switch {
		case l.segment.kind == repeating:
			err = l.repeat(ctx)
		case l.segment.kind == hedging && !streamsIn:
			err = l.hedge(ctx)
		default:
			err = l.once(ctx)
		}
	}
	l.endRequest()
	return l.frame.exit(layers, err)
}

func (l *layered[T]) once(ctx context.Context) error {
	s, err := l.open(ctx, &l.streamCall)
	if err != nil || s == nil {
		return err
	}
	for item, e := range s {
		if err := l.hand(item, e); err != nil {
			return err
		}
	}
	return nil
}

// hand gives an item to the reader. Its error ends the stream.
func (l *layered[T]) hand(item T, err error) error {
	more := false
	defer func() {
		// Before the source hears of a break, or of a panic: one that waits for
		// the goroutines it started needs its context cancelled.
		if !more {
			l.cancel()
		}
	}()
	if err == nil && l.segment.items {
		err = l.frame.itemOut(l.segment.layers)
	}
	if err != nil {
		return err
	}
	l.yielded = true
	if more = l.yield(item, nil); more {
		return nil
	}
	l.stopped = true
	return ErrStopped
}

func (l *layered[T]) repeat(ctx context.Context) error {
	r := l.segment.layers[0].(Repeater)
	for at := newAttempt(ctx, nil, l.segment.bound); ; at = newAttempt(ctx, at, l.segment.bound) {
		err := l.attempt(at)
		if err == nil || l.yielded || l.wasRanged() {
			return err
		}
		next, tok, again := r.Again(ctx, l.frame.tok[0], err)
		if next != nil {
			ctx, l.frame.ctx[0] = next, next
		}
		l.frame.tok[0] = tok
		if !again {
			return err
		}
	}
}

// attempt is once with a cancel that ends this attempt only, because the next
// one needs the context of the loop.
func (l *layered[T]) attempt(at *attemptContext) error {
	loop := l.cancel
	ctx, cancel := context.WithCancel(at)
	l.cancel = func() { cancel(); loop() }
	defer func() { l.cancel = loop; cancel(); at.settle() }()
	s, err := l.open(ctx, &l.streamCall)
	if err != nil || s == nil {
		return err
	}
	for item, e := range s {
		if e != nil {
			cancel()
			return e
		}
		if err := l.hand(item, nil); err != nil {
			return err
		}
	}
	return nil
}

// hedge races for the first item. The winner's source is ranged over on the
// goroutine of its attempt up to there, and on the reader's from there on.
func (l *layered[T]) hedge(ctx context.Context) error {
	h := l.segment.layers[0].(Hedger)
	won, err := race(ctx, h, l.segment.bound, func(ctx context.Context) (pulled[T], error) {
		s, err := l.open(ctx, &streamCall{segment: l.segment})
		if err != nil || s == nil {
			return pulled[T]{stop: func() {}}, err
		}
		return pull(s)
	}, func(p pulled[T]) { p.stop() })
	if err != nil {
		return err
	}
	p := won.value
	defer func() { won.cancel(); p.stop(); won.at.settle() }()
	for ok := p.ok; ok; p.item, p.err, ok = p.next() {
		if err := l.hand(p.item, p.err); err != nil {
			return err
		}
	}
	return nil
}

// pulled is a stream of which the first item was taken.
type pulled[T any] struct {
	next func() (T, error, bool)
	stop func()
	item T
	err  error
	ok   bool // there is an item
}

func pull[T any](s Stream[T]) (pulled[T], error) {
	p := pulled[T]{}
	p.next, p.stop = iter.Pull2(iter.Seq2[T, error](s))
	p.item, p.err, p.ok = p.next()
	if p.err != nil {
		p.stop()
		return p, p.err
	}
	return p, nil
}
