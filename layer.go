package endpoint

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// A Layer decorates calls without looking at their requests and responses, so
// that one value serves every endpoint of a service, a client or a pool. Make
// one with [LayerFunc], or implement the two methods on a type. A Layer is safe
// for concurrent use.
//
// [Stack] holds the laws that every shell keeps for it; endpointtest.Layer
// checks the part that is the Layer's own.
type Layer interface {
	// Enter runs before the call. It returns the context for what is inside
	// and a Token for Exit. With an error it refuses the call: nothing inside
	// runs, neither does its own Exit, and the error is the call's for the
	// layers outside.
	Enter(ctx context.Context) (context.Context, Token, error)
	// Exit runs after the call, exactly once for each Enter that did not
	// refuse, however the call ended: after a panic, err is a [*PanicError];
	// after a break out of a stream's loop it is [ErrStopped]. ctx is what
	// Enter returned. Exit returns the error that stands: another one for err,
	// or one for nil. A nil for an err that is not nil leaves err standing,
	// because a layer has no response to give instead. Its result after a panic
	// is ignored.
	Exit(ctx context.Context, t Token, err error) error
}

// A Token carries a layer's state from Enter to Exit. Neither field costs an
// allocation when P holds a pointer.
type Token struct {
	N int64
	P any
}

// A LayerFunc is a Layer as a function: it returns the context for what is
// inside, and what to do at the end, which may be nil; or an error to refuse
// the call. It is the short form and costs one allocation, that of the closure
// it returns.
type LayerFunc func(ctx context.Context) (context.Context, func(error) error, error)

// Enter calls f.
func (f LayerFunc) Enter(ctx context.Context) (context.Context, Token, error) {
	inner, exit, err := f(ctx)
	return inner, Token{P: exit}, err
}

// Exit calls the function that f returned.
func (f LayerFunc) Exit(_ context.Context, t Token, err error) error {
	if exit, ok := t.P.(func(error) error); ok && exit != nil {
		return exit(err)
	}
	return err
}

// Wrap returns next decorated by f. Req and Resp are those of next.
func (f LayerFunc) Wrap[Req, Resp any](next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	return Stack{f}.Wrap(next)
}

// A Resolver is a Layer, or something that stands for one, with a form of its
// own for each operation. For runs once for an operation, when a shell is
// built, and may return nil: not for this one. It is an ability for authors of
// policies and may change before 1.0.
type Resolver interface {
	Layer
	For(op *Operation) Layer
}

// A Streamer is a Layer that also sees the items of streams. Item runs before
// each item is handed on, of requests from the first layer to the last and of
// responses from the last to the first; its error ends the stream. When both
// sides are streams, it may run for an item of each at the same time. It never
// runs beside or after Exit: an item of a request that comes later is not handed
// on, and the context of an Item for a request, which Exit waits for, ends
// before. A Repeater or a Hedger is not asked. It is an ability for authors of
// policies and may change before 1.0.
type Streamer interface {
	Layer
	Item(ctx context.Context, t Token) error
}

// A Repeater is a Layer that may have what is inside it run again. It is an
// ability for authors of policies and may change before 1.0.
//
// Again runs after an attempt that failed with err, waits as long as it wants
// to, and says whether another is made, with the context and the token for it.
// Enter and Exit run once around all attempts. A call whose request stream was
// ranged over, and one whose response stream has yielded an item, is never
// repeated. After a panic of an attempt, Again is not asked.
type Repeater interface {
	Layer
	Again(ctx context.Context, t Token, err error) (context.Context, Token, bool)
}

// A Hedger is a Layer that may have what is inside it run several times side by
// side, to take the first good answer. It is an ability for authors of policies
// and may change before 1.0.
//
// Delay says how long to wait for an answer before the next attempt when
// started of them run, or false for no further attempt. An attempt that fails
// never ends the call while another may still succeed. The losers' contexts are
// cancelled at once; a response of theirs that is an io.Closer is closed.
// A call with a request stream is never hedged; of a response stream, only the
// first item is raced for.
type Hedger interface {
	Layer
	Delay(ctx context.Context, started int) (time.Duration, bool)
}

// A Racer is a Hedger that takes part in its races. It is an ability for
// authors of policies and may change before 1.0.
//
// Start is asked when a delay is over, just before the attempt that it was for
// starts, with the number of those that did; false means that neither this one
// nor another starts. Settle is told how a race ended and how long it took: up
// to the first good answer, or the first item of a stream, when err is nil. It
// is not told of a panic.
//
// A Hedger may have a method Panicked(ctx context.Context, err *PanicError). It is called
// for an attempt that panicked although the call did not, because another attempt won.
// It may run when the call is over, with the context of the attempt.
type Racer interface {
	Hedger
	Start(ctx context.Context, started int) bool
	Settle(ctx context.Context, took time.Duration, err error)
}

// faulty is a policy or a target that keeps the faults of its construction.
type faulty interface{ Err() error }

// Only returns a layer that applies l to the operations that match, on every
// transport. match must be a pure function; l may be a [Stack]. Around an
// endpoint that belongs to no service, match gets the operation of the Call in
// the context, or an empty one. What Only returns has a method Unwrap() Layer.
func Only(l Layer, match func(op *Operation) bool) Layer {
	return &only{layer: l, match: match}
}

type only struct {
	layer Layer
	match func(*Operation) bool
}

func (o *only) Err() error {
	var errs []error
	if o.match == nil {
		errs = append(errs, errors.New("endpoint: Only: match is nil"))
	}
	if o.layer == nil {
		errs = append(errs, errors.New("endpoint: Only: the layer is nil"))
	} else if f, ok := o.layer.(faulty); ok {
		errs = append(errs, f.Err())
	}
	return errors.Join(errs...)
}

// Unwrap returns the layer that is applied, for who puts layers in an order.
func (o *only) Unwrap() Layer { return o.layer }

func (o *only) applies(ctx context.Context) bool {
	return o.match(CallFrom(ctx).Operation())
}

func (o *only) Enter(ctx context.Context) (context.Context, Token, error) {
	if !o.applies(ctx) {
		return ctx, Token{}, nil
	}
	return o.layer.Enter(ctx)
}

func (o *only) Exit(ctx context.Context, t Token, err error) error {
	if !o.applies(ctx) {
		return err
	}
	return o.layer.Exit(ctx, t, err)
}

func (o *only) Item(ctx context.Context, t Token) error {
	if s, ok := o.layer.(Streamer); ok && o.applies(ctx) {
		return s.Item(ctx, t)
	}
	return nil
}

// The abilities that Only passes on are chosen by what its layer has: a type
// that had them all would make every layer under it a Repeater.
type (
	onlyRepeater struct{ *only }
	onlyHedger   struct{ *only }
)

func (o onlyRepeater) Again(ctx context.Context, t Token, err error) (context.Context, Token, bool) {
	if !o.applies(ctx) {
		return ctx, t, false
	}
	return o.layer.(Repeater).Again(ctx, t, err)
}

func (o onlyHedger) Delay(ctx context.Context, started int) (time.Duration, bool) {
	if !o.applies(ctx) {
		return 0, false
	}
	return o.layer.(Hedger).Delay(ctx, started)
}

func (o onlyHedger) Start(ctx context.Context, started int) bool {
	r, ok := o.layer.(Racer)
	return !ok || r.Start(ctx, started) // only after a Delay that applied
}

func (o onlyHedger) Settle(ctx context.Context, took time.Duration, err error) {
	if r, ok := o.layer.(Racer); ok && o.applies(ctx) {
		r.Settle(ctx, took, err)
	}
}

// Panicked passes a panic to the Hedger, if it has the method.
func (o onlyHedger) Panicked(ctx context.Context, err *PanicError) {
	if h, ok := o.layer.(panicHedger); ok {
		h.Panicked(ctx, err)
	}
}

// A panicHedger is a Hedger that gets the panics of attempts.
type panicHedger interface {
	Panicked(ctx context.Context, err *PanicError)
}

// flattening collects the layers of a stack, those of nested stacks one by one,
// and their faults.
type flattening struct {
	op       *Operation // that resolvers are asked for; nil outside a shell
	layers   []Layer
	policies []Layer // those of layers that are pointers and keep faults
	faults   []error
}

// add appends l. What a resolver gave is added with ask false: a policy may give
// itself, or a state that has a For of its own.
func (f *flattening) add(l Layer, ask bool) {
	if err := faultsOf(l); err != nil {
		f.faults = append(f.faults, err)
		return
	}
	switch l := l.(type) {
	case Stack:
		for _, inner := range l {
			f.add(inner, ask)
		}
		return
	case *only:
		f.addOnly(l, ask)
		return
	}
	if ask && f.twice(l) {
		return
	}
	if r, ok := l.(Resolver); ok && ask && f.op != nil {
		if own := r.For(f.op); own != nil {
			f.add(own, false)
		}
		return
	}
	f.layers = append(f.layers, l)
}

// twice says that l is a policy that the stack has already, and notes the fault:
// each call would take two of its tokens or its permits.
func (f *flattening) twice(l Layer) bool {
	if _, ok := l.(faulty); !ok || reflect.TypeOf(l).Kind() != reflect.Pointer {
		return false
	}
	if slices.Contains(f.policies, l) {
		f.faults = append(f.faults, fmt.Errorf("endpoint: the same %s is in the stack twice", typeName(l)))
		return true
	}
	f.policies = append(f.policies, l)
	return false
}

// addOnly decides for an operation at once. Without one, each layer under the
// Only gets a wrapper that decides for each call.
func (f *flattening) addOnly(o *only, ask bool) {
	if f.op != nil && o.match(f.op) {
		f.add(o.layer, ask)
		return
	}
	// Faults count also where nothing matches.
	inner := flattening{}
	inner.add(o.layer, false)
	f.faults = append(f.faults, inner.faults...)
	if f.op != nil {
		return
	}
	for _, l := range inner.layers {
		f.layers = append(f.layers, o.around(l))
	}
}

// around returns a wrapper of l that has just l's abilities.
func (o *only) around(l Layer) Layer {
	one := &only{layer: l, match: o.match}
	switch l.(type) {
	case Hedger:
		return onlyHedger{one}
	case Repeater:
		return onlyRepeater{one}
	}
	return one
}

func faultsOf(l Layer) error {
	switch l := l.(type) {
	case nil:
		return errors.New("endpoint: a layer of the stack is nil")
	case LayerFunc:
		if l == nil {
			return errors.New("endpoint: a LayerFunc of the stack is nil")
		}
	case faulty:
		return l.Err()
	}
	return nil
}
