package endpoint

import (
	"context"
	"io"
)

// wrapSegment chooses the shell for one segment. Everything about streams is
// decided here, once.
func wrapSegment[Req, Resp any](s *segment, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	_, streamsIn := streamOf[Req]()
	if respStream, ok := streamOf[Resp](); ok {
		return wrapStream(s, respStream, streamsIn, next)
	}
	switch {
	case s.kind == repeating:
		return wrapRepeater(s, streamsIn, next)
	case s.kind == hedging && !streamsIn:
		return wrapHedger(s, next)
	case s.items && streamsIn:
		return wrapItems(s, next)
	case len(s.layers) == 1:
		return wrapLayer(s.layers[0], next)
	}
	return wrapFrame(s.layers, next)
}

// wrapFrame runs up to maxFrame layers around a call.
func wrapFrame[Req, Resp any](layers []Layer, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		var f frame
		defer f.unwind(layers)
		ctx, err = f.enter(ctx, layers)
		if err == nil {
			resp, err = next(ctx, req)
		}
		if err = f.exit(layers, err); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// wrapLayer is wrapFrame for one layer: a quarter of the frame to clear.
func wrapLayer[Req, Resp any](l Layer, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		var f single
		defer f.unwind(l)
		ctx, err = f.enter(ctx, l)
		if err == nil {
			resp, err = next(ctx, req)
		}
		if err = f.exit(l, err); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// wrapItems is wrapFrame for an endpoint whose request is a stream, with layers
// that see its items. The frame is on the heap, because the stream keeps it.
func wrapItems[Req, Resp any](s *segment, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		c := &streamCall{segment: s}
		defer c.frame.unwind(s.layers)
		defer c.endRequest()
		ctx, err = c.frame.enter(ctx, s.layers)
		if err == nil {
			resp, err = next(ctx, tap(c, req))
		}
		c.endRequest()
		if err = c.frame.exit(s.layers, err); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// wrapRepeater runs a call as often as the Repeater wants.
func wrapRepeater[Req, Resp any](s *segment, streamsIn bool, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	r := s.layers[0].(Repeater)
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		var f single
		defer f.unwind(r)
		ctx, err = f.enter(ctx, r)
		if err != nil {
			return resp, f.exit(r, err)
		}
		var c *streamCall
		if streamsIn {
			c = &streamCall{segment: s}
			req = tap(c, req)
		}
		for at := newAttempt(ctx, nil, s.bound); ; at = newAttempt(ctx, at, s.bound) {
			resp, err = next(at, req)
			at.settle()
			if err == nil || c.wasRanged() || !f.again(&ctx, r, err) {
				break
			}
		}
		if err = f.exit(r, err); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// wrapHedger runs a call side by side as often as the Hedger wants.
func wrapHedger[Req, Resp any](s *segment, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	h := s.layers[0].(Hedger)
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		var f single
		defer f.unwind(h)
		ctx, err = f.enter(ctx, h)
		if err == nil {
			var won outcome[Resp]
			won, err = race(ctx, h, s.bound, func(ctx context.Context) (Resp, error) { return next(ctx, req) }, closeResult)
			resp = won.value
			// What is still to be closed may still read under its context, which
			// ends with the caller's then.
			if _, open := any(resp).(io.Closer); err == nil && !open {
				won.cancel()
			}
		}
		if err = f.exit(h, err); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// wrapStream makes an endpoint whose response is a lazy stream: the layers run
// when it is ranged over.
func wrapStream[Req, Resp any](s *segment, kind anyStream, streamsIn bool, next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (Resp, error) {
		open := func(ctx context.Context, c *streamCall) (Resp, error) {
			if streamsIn {
				return next(ctx, tap(c, req))
			}
			return next(ctx, req)
		}
		return kind.layered(ctx, s, streamsIn, open).(Resp), nil
	}
}

// single is frame for one layer.
type single struct {
	entered, finished bool
	ctx               context.Context
	tok               Token
}

func (f *single) enter(ctx context.Context, l Layer) (context.Context, error) {
	inner, tok, err := l.Enter(ctx)
	if err != nil {
		return ctx, err
	}
	if inner == nil {
		inner = ctx
	}
	f.ctx, f.tok, f.entered = inner, tok, true
	return inner, nil
}

func (f *single) exit(l Layer, err error) error {
	if f.entered {
		f.entered = false
		if e := l.Exit(f.ctx, f.tok, err); e != nil {
			err = e
		}
	}
	f.finished = true
	return err
}

// again asks a Repeater, and keeps the context and the token for its Exit.
func (f *single) again(ctx *context.Context, r Repeater, err error) bool {
	next, tok, again := r.Again(*ctx, f.tok, err)
	if next != nil {
		*ctx, f.ctx = next, next
	}
	f.tok = tok
	return again
}

// unwind is as frame.unwind.
func (f *single) unwind(l Layer) {
	if f.finished {
		return
	}
	v := recover()
	if f.entered {
		f.exitQuiet(l, NewPanicError(v))
	}
	if v != nil {
		panic(v)
	}
}

func (f *single) exitQuiet(l Layer, err error) {
	defer func() { _ = recover() }()
	f.entered = false
	_ = l.Exit(f.ctx, f.tok, err)
}
