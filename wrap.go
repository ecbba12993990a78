package endpoint

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
)

// Wrap returns next decorated by the layers of s, which it copies. If next is nil, as
// the fields of a client are before its Client, calls return an error. Req and Resp are
// those of next.
//
// Generic code is compiled for each pair of types, and the names of its functions
// contain the text of both types. So the code here only copies the request and the
// response and runs a frame of layers; all else is compiled once. It captures no
// variable of a user's type, because that would add a description of the type to
// the binary. See decision 106.
func (s Stack) Wrap[Req, Resp any](next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	p := planOf(s, next)
	for i := p.shells() - 1; i >= 0; i-- {
		sh := p.shell(i, next)
		if sh.boxed {
			p.erased = func(ctx context.Context, req any) (any, error) {
				r, _ := req.(Req)
				return sh.next.(Endpoint[Req, Resp])(ctx, r)
			}
		}
		next = func(ctx context.Context, req Req) (resp Resp, err error) {
			switch {
			case sh.boxed:
				v, err := p.call(ctx, req)
				resp, _ = v.(Resp)
				return resp, err
			case sh.repeats:
				err = sh.repeat(ctx, nil, func(ctx context.Context) (err error) {
					resp, err = sh.next.(Endpoint[Req, Resp])(ctx, req)
					return err
				})
			default:
				f := frame{layers: sh.layers}
				defer f.unwind()
				ctx, err = f.enter(ctx)
				if err == nil {
					resp, err = sh.next.(Endpoint[Req, Resp])(ctx, req)
				}
				if err != nil {
					err = sh.blame(ctx, err)
				}
				err = f.exit(err)
			}
			if err != nil {
				return *new(Resp), err
			}
			return resp, nil
		}
	}
	return next
}

// errNilEndpoint is the error of a call through layers around a nil endpoint.
var errNilEndpoint = errors.New("endpoint: the endpoint is nil; those of a client are set by its Client")

// planOf returns the plan for the layers of s around an endpoint.
func planOf(s Stack, next any) *plan {
	t := reflect.TypeOf(next)
	p := compile(s, nil)
	if reflect.ValueOf(next).IsNil() {
		p.err = errors.Join(p.err, errNilEndpoint)
	}
	_, p.streamsIn = asStream(t.In(1))
	p.out, p.streamsOut = asStream(t.Out(0))
	p.boxed = p.err != nil || len(p.segments) > 0 && p.streamsOut || slices.ContainsFunc(p.segments, p.needsBoxes)
	for i := range p.segments {
		p.segments[i].paced = p.streamsIn
	}
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

// A shell makes the calls of one segment, or of all of a plan that is boxed.
type shell struct {
	*segment     // nil if boxed
	next     any // the endpoint inside
	repeats  bool
	boxed    bool
}

// shells returns how many shells the plan has.
func (p *plan) shells() int {
	if p.boxed {
		return 1
	}
	return len(p.segments)
}

// shell returns the i-th shell from outside, around next.
func (p *plan) shell(i int, next any) *shell {
	if p.boxed {
		return &shell{next: next, boxed: true}
	}
	s := &p.segments[i]
	return &shell{segment: s, next: next, repeats: s.kind == repeating}
}

// several makes a call through up to maxFrame layers.
func (s *segment) several(ctx context.Context, call func(context.Context) error) error {
	f := frame{layers: s.layers}
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
	f := frame{layers: s.layers}
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
	case ctx == nil:
		return nil, errNilContext
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
	f := frame{layers: s.layers}
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
