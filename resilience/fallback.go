package resilience

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// A Fallbacker answers calls that failed in another way. Make it with
// [Fallback] and use its Wrap, which is a middleware; that of the zero Fallbacker
// refuses every call. A Fallbacker is not a Layer, because a Layer makes no
// responses. It keeps no state and is safe for concurrent use.
//
// Events of the source "fallback": "fell_back", with the error of the call as
// Err.
type Fallbacker[Req, Resp any] struct {
	common
	answer func(context.Context, Req, error) (Resp, error)
}

// Fallback returns a Fallbacker that answers a call that failed by answer, with
// the request and the error. What answer returns is what the call returns; an
// error of it is joined with that of the call, and decides the code. answer is
// not asked when the caller's context has ended, nor after a panic. A stream
// falls back before its first item only, and not when the request is a stream,
// too, that was ranged over.
//
// Req and Resp are the types of the endpoint. A nil answer is a fault.
func Fallback[Req, Resp any](answer func(ctx context.Context, req Req, err error) (Resp, error), opts ...Option) *Fallbacker[Req, Resp] {
	f := &Fallbacker[Req, Resp]{by: "Fallback", answer: answer}
	f.check(answer != nil, "the answer is nil")
	configure(&f.common, opts, Option.apply)
	return f
}

// Err returns the faults of the construction, or nil.
func (f *Fallbacker[Req, Resp]) Err() error { return errOf(f, "Fallbacker", "Fallback") }

// Wrap returns next with the answer behind it.
func (f *Fallbacker[Req, Resp]) Wrap(next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if err := f.Err(); err != nil {
		return endpoint.Stack{faulty{err}}.Wrap(next)
	}
	if isStream[Resp]() {
		return f.wrapStream(next)
	}
	return func(ctx context.Context, req Req) (Resp, error) {
		resp, err := next(ctx, req)
		if err == nil || ctx.Err() != nil {
			return resp, err
		}
		return f.fall(ctx, req, err)
	}
}

// wrapStream makes the answer the second attempt of a call that is repeated
// once: the engine knows when a stream may still be begun anew.
func (f *Fallbacker[Req, Resp]) wrapStream(next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{falling{}}.Wrap(func(ctx context.Context, req Req) (Resp, error) {
		if fell, ok := ctx.Value(fellKey{}).(*fell); ok && fell.pending.CompareAndSwap(true, false) {
			return f.fall(ctx, req, fell.err)
		}
		return next(ctx, req)
	})
}

// fall asks for the answer.
func (f *Fallbacker[Req, Resp]) fall(ctx context.Context, req Req, err error) (Resp, error) {
	f.emit(ctx, endpoint.Event{Source: "fallback", Kind: "fell_back", Err: err})
	resp, failed := f.answer(ctx, req, err)
	if failed != nil {
		return *new(Resp), fellToo(err, failed)
	}
	return resp, nil
}

// fellToo returns the error of a call whose answer failed, too.
func fellToo(err, failed error) error {
	if errors.Is(failed, err) {
		return failed
	}
	return join(err, failed)
}

// falling is a Repeater that repeats once, with the error in the context.
type falling struct{}

// fell is the state of a call that failed.
type fell struct {
	err     error
	pending atomic.Bool // the answer is the next to be asked
}

type fellKey struct{}

func (falling) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (falling) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	if t.P != nil || ctx.Err() != nil {
		return ctx, t, false
	}
	state := &fell{err: err}
	state.pending.Store(true)
	return context.WithValue(ctx, fellKey{}, state), endpoint.Token{P: state}, true
}

func (falling) Exit(_ context.Context, t endpoint.Token, err error) error {
	if state, ok := t.P.(*fell); ok && err != nil {
		return fellToo(state.err, err)
	}
	return err
}
