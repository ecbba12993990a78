package endpoint

import (
	"context"
	"io"
	"reflect"
	"slices"
)

// Wrap returns next decorated by the layers of s, which it copies. Req and Resp
// are those of next.
//
// Generic code is compiled for each pair of types, and the names of its functions
// contain the text of both types. So the code here only copies the request and the
// response, and all else runs on the plan, which is compiled once. It captures no
// variable of a user's type, because that would add a description of the type to
// the binary. See decision 106.
func (s Stack) Wrap[Req, Resp any](next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	p := planOf(s, next, reflect.TypeOf(next))
	if p == nil {
		return next
	}
	p.erased = func(ctx context.Context, req any) (any, error) {
		r, _ := req.(Req)
		return p.next.(Endpoint[Req, Resp])(ctx, r)
	}
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		if !p.direct {
			v, err := p.call(ctx, req)
			resp, _ = v.(Resp)
			return resp, err
		}
		err = p.run(ctx, 0, func(ctx context.Context) (err error) {
			resp, err = p.next.(Endpoint[Req, Resp])(ctx, req)
			return err
		})
		if err != nil {
			return *new(Resp), err
		}
		return resp, nil
	}
}

// planOf returns the plan for the layers of s around next, an endpoint of type t,
// or nil if s has no layers.
func planOf(s Stack, next any, t reflect.Type) *plan {
	p := compile(s, nil)
	if p.err == nil && len(p.segments) == 0 {
		return nil
	}
	p.next = next
	_, p.streamsIn = asStream(t.In(1))
	p.out, p.streamsOut = asStream(t.Out(0))
	for i := range p.segments {
		p.segments[i].paced = p.streamsIn
	}
	p.direct = p.err == nil && !p.streamsOut && !slices.ContainsFunc(p.segments, p.needsBoxes)
	if p.err != nil {
		p.err = Errorf(Internal, "%w", p.err)
	}
	return &p
}

// needsBoxes reports whether a segment needs the request and the response as
// values of type any, because it races attempts or handles a request stream.
func (p *plan) needsBoxes(s segment) bool {
	if p.streamsIn {
		return s.items || s.kind == repeating
	}
	return s.kind == hedging
}

// run makes a call through the segments from the i-th on, each of which makes its
// attempts one after the other. call makes one attempt and keeps the response.
func (p *plan) run(ctx context.Context, i int, call func(context.Context) error) error {
	s := &p.segments[i]
	if i+1 < len(p.segments) {
		inmost := call
		call = func(ctx context.Context) error { return p.run(ctx, i+1, inmost) }
	}
	switch {
	case s.kind == repeating:
		return s.repeat(ctx, nil, call)
	case len(s.layers) == 1:
		return s.single(ctx, call)
	}
	return s.several(ctx, call)
}

// several makes a call through up to maxFrame layers.
func (s *segment) several(ctx context.Context, call func(context.Context) error) error {
	var room [maxFrame]slot
	f := frame{layers: s.layers, slots: room[:]}
	defer f.unwind()
	ctx, err := f.enter(ctx)
	if err == nil {
		err = call(ctx)
	}
	if err != nil {
		err = s.blame(ctx, err)
	}
	return f.exit(err)
}

// single is several for one layer, with a quarter of the room to clear.
func (s *segment) single(ctx context.Context, call func(context.Context) error) error {
	var room [1]slot
	f := frame{layers: s.layers, slots: room[:]}
	defer f.unwind()
	ctx, err := f.enter(ctx)
	if err == nil {
		err = call(ctx)
	}
	if err != nil {
		err = s.blame(ctx, err)
	}
	return f.exit(err)
}

// repeat makes a call as often as the segment's Repeater asks for. c is the state of
// a call whose request is a stream, or nil.
func (s *segment) repeat(ctx context.Context, c *streamCall, call func(context.Context) error) error {
	var room [1]slot
	f := frame{layers: s.layers, slots: room[:]}
	defer f.unwind()
	ctx, err := f.enter(ctx)
	if err != nil {
		return f.exit(err)
	}
	for at := newAttempt(ctx, nil, s.bound); ; at = newAttempt(ctx, at, s.bound) {
		err = call(at)
		at.settle()
		if err == nil || c.wasRanged() || !f.again(&ctx, err) {
			return f.exit(err)
		}
	}
}

// call makes a call whose request and response are values of type any, because a
// segment races attempts or handles a stream.
func (p *plan) call(ctx context.Context, req any) (any, error) {
	switch {
	case p.err != nil:
		return nil, p.err
	case p.streamsOut:
		return p.out.restore(p.stream(ctx, 0, req)), nil
	}
	return p.from(ctx, 0, req)
}

// from makes a call whose response is not a stream through the segments from the
// i-th on.
func (p *plan) from(ctx context.Context, i int, req any) (resp any, err error) {
	if i == len(p.segments) {
		return p.erased(ctx, req)
	}
	s := &p.segments[i]
	inside := func(ctx context.Context) (err error) {
		resp, err = p.from(ctx, i+1, req)
		return err
	}
	switch {
	case s.kind == repeating && p.streamsIn:
		c := &streamCall{segment: s}
		req = c.tap(req)
		err = s.repeat(ctx, c, inside)
	case s.kind == repeating:
		err = s.repeat(ctx, nil, inside)
	case s.kind == hedging && !p.streamsIn:
		resp, err = s.hedge(ctx, func(ctx context.Context) (any, error) { return p.from(ctx, i+1, req) })
	case s.items && p.streamsIn:
		c := newStreamCall(s)
		err = c.withItems(ctx, func(ctx context.Context) (err error) {
			resp, err = p.from(ctx, i+1, c.tap(req))
			return err
		})
	default:
		err = s.several(ctx, inside)
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// hedge makes as many attempts side by side as the segment's Hedger asks for.
func (s *segment) hedge(ctx context.Context, call func(context.Context) (any, error)) (resp any, err error) {
	h := s.layers[0].(Hedger)
	var room [1]slot
	f := frame{layers: s.layers, slots: room[:]}
	defer f.unwind()
	ctx, err = f.enter(ctx)
	if err == nil {
		var won outcome
		won, err = race(ctx, h, s.bound, call, closeResponse)
		resp = won.value
		// A response that the caller must close may still be read under the
		// attempt's context, so that one stays open until the caller's ends.
		if _, open := resp.(io.Closer); err == nil && !open {
			won.cancel()
		}
		if err != nil {
			err = s.blameRace(ctx, err, won.began)
		}
	}
	return resp, f.exit(err)
}

// closeResponse closes a response that is not returned to the caller.
func closeResponse(v any) {
	if c, ok := v.(io.Closer); ok {
		_ = c.Close()
	}
}
