package endpoint

import (
	"context"
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
	if _, ok := asStream(t); !ok {
		return nil, false
	}
	return t.In(0).In(0), true // of func(yield func(T, error) bool)
}

// EraseStream returns s, a [Stream] of any type, with each item as a pointer to
// it, which is valid until the next one; nil for a nil stream and for what is not
// a stream. So the code of a transport need not be compiled for each type of item.
// For authors of transports.
func EraseStream(s any) Stream[any] {
	if t := reflect.TypeOf(s); t == nil || t.Kind() != reflect.Func { // a struct may embed a Stream
		return nil
	}
	if s, ok := s.(anyStream); ok {
		return s.erase()
	}
	return nil
}

// RestoreStream returns the [Stream] of type t whose items are those that the
// pointers of items point to, a nil one for nil items; nil if t is not a Stream. For
// authors of transports.
func RestoreStream(t reflect.Type, items Stream[any]) any {
	s, ok := asStream(t)
	switch {
	case !ok:
		return nil
	case items == nil:
		return s
	}
	return s.restore(items)
}

// anyStream is a Stream whose item type the code at hand does not know. Its two
// methods, and what they return, are all that is compiled for each type of item.
type anyStream interface {
	// erase returns the stream with each item as a pointer to it, which is valid
	// until the next one.
	erase() Stream[any]
	// restore returns a Stream of the receiver's type with the items that items
	// has pointers to.
	restore(items Stream[any]) any
}

func (s Stream[T]) erase() Stream[any] {
	if s == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		item := new(T)
		s(func(v T, err error) bool {
			*item = v
			return yield(item, err)
		})
	}
}

func (Stream[T]) restore(items Stream[any]) any {
	return Stream[T](func(yield func(T, error) bool) {
		items(func(v any, err error) bool {
			if err != nil {
				return yield(*new(T), err)
			}
			return yield(*v.(*T), nil)
		})
	})
}

// asStream returns the nil stream of type t, if that is a Stream and not a struct
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

func newStreamCall(s *segment) *streamCall {
	return &streamCall{segment: s, frame: frame{layers: s.layers}}
}

func (c *streamCall) wasRanged() bool { return c != nil && c.ranged.Load() }

// withItems makes a call through layers of which some see the items of its
// request.
func (c *streamCall) withItems(ctx context.Context, call func(context.Context) error) error {
	defer c.frame.unwind()
	defer c.endRequest()
	ctx, err := c.frame.enter(ctx)
	if err == nil {
		err = call(ctx)
	}
	c.endRequest()
	if err != nil {
		err = c.segment.blame(ctx, err)
	}
	return c.frame.exit(err)
}

// tap returns req, a stream, so that c notes when it is ranged over and its
// layers see its items.
func (c *streamCall) tap(req any) any {
	s := req.(anyStream)
	if c.segment.items {
		c.items = newRequestItems(c.frame)
	}
	items := s.erase()
	return s.restore(func(yield func(any, error) bool) {
		c.ranged.Store(true)
		if items == nil {
			return
		}
		for item, err := range items {
			if err == nil && c.items != nil {
				err = c.items.show()
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	})
}

// endRequest keeps the layers from seeing further items of the request. It runs
// before Exit, however the call ends.
func (c *streamCall) endRequest() {
	if c.items != nil {
		c.items.end()
	}
}

// requestItems shows the items of a request to the layers of a call. The
// goroutine that ranges over a request may be another one than that of the call,
// and a transport does not wait for it: it may still run when the call ends.
type requestItems struct {
	frame   frame // a copy of the call's, with contexts that end with the request
	cancels []context.CancelFunc
	lock    chan struct{} // guards ended; no mutex, because it is held while a layer waits in Item
	ended   bool
}

func newRequestItems(f frame) *requestItems {
	r := &requestItems{frame: f, lock: make(chan struct{}, 1)}
	for i, l := range f.layers {
		if _, ok := l.(Streamer); ok {
			ctx, cancel := context.WithCancel(f.ctx[i])
			r.frame.ctx[i], r.cancels = ctx, append(r.cancels, cancel)
		}
	}
	return r
}

// show lets the layers see an item. Its error ends the stream; it is ErrStopped
// for an item that comes after the call has ended.
func (r *requestItems) show() error {
	r.lock <- struct{}{}
	defer func() { <-r.lock }()
	if r.ended {
		return ErrStopped
	}
	return r.frame.itemIn()
}

// end ends the contexts of the Items that run and waits for them. See decision 26.
func (r *requestItems) end() {
	for _, cancel := range r.cancels { // for an Item that waits
		cancel()
	}
	r.lock <- struct{}{}
	r.ended = true
	<-r.lock
}
