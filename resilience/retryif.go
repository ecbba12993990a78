package resilience

import (
	"context"
	"errors"
	"io"

	"github.com/typedkit/endpoint"
)

// A RetryIf is a [Retry] that asks a func of the user what to repeat. Resp is the
// type of the response. Make it with [Retry.If] and use its Wrap, which is a
// middleware; that of the zero RetryIf refuses every call. A RetryIf is not a
// Layer, because a Layer sees no responses.
type RetryIf[Resp any] struct {
	construction
	retry *Retry
	test  func(Resp, error) bool
}

// If returns r with a test in place of its codes: a call is repeated when test
// returns true. It is called with a response and nil, or with the zero Resp and
// an error; for a [endpoint.Stream] with nil and an error before the first item
// only. It is not called for what no Retry repeats: an error of what may have
// been acted upon, one after the end of the caller's context, and one of a call that
// another Retry has repeated in vain. A response that
// is not the last and is an io.Closer is closed; the last is returned, whatever
// test thinks of it. Resp is the type of the response.
//
// Number of attempts, waits and Budget are those of r, shared with it. A nil
// test is a fault.
func (r *Retry) If[Resp any](test func(resp Resp, err error) bool) *RetryIf[Resp] {
	i := &RetryIf[Resp]{by: "Retry.If", retry: r, test: test}
	i.include(r.Err())
	i.check(test != nil, "the test is nil")
	return i
}

// Err returns the faults of the construction, including those of the Retry that r
// came from, or nil.
func (r *RetryIf[Resp]) Err() error { return errOf(r, "RetryIf", "Retry.If") }

// Wrap returns next repeated by r alone. Req is the type of its request.
func (r *RetryIf[Resp]) Wrap[Req any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	layered := endpoint.Stack{asking[Resp]{r.retry, r}}
	if isStream[Resp]() {
		return layered.Wrap(next)
	}
	attempt := func(ctx context.Context, req Req) (Resp, error) {
		resp, err := next(ctx, req)
		if err == nil && r.test(resp, nil) {
			err = &unwanted[Resp]{resp}
		}
		return resp, err
	}
	call := layered.Wrap(attempt)
	return func(ctx context.Context, req Req) (Resp, error) {
		resp, err := call(ctx, req)
		if last, ok := errors.AsType[*unwanted[Resp]](err); ok {
			return last.resp, nil
		}
		return resp, err
	}
}

// unwanted is what the engine takes for the error of an attempt whose response
// is to be asked for again.
type unwanted[Resp any] struct{ resp Resp }

func (*unwanted[Resp]) Error() string { return "the response was not accepted" }

// asking is the Layer of a RetryIf.
type asking[Resp any] struct {
	*Retry
	of *RetryIf[Resp]
}

func (l asking[Resp]) Err() error { return l.of.Err() }

// Again is the Retry's with the test in place of the codes.
func (l asking[Resp]) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	response, ok := err.(*unwanted[Resp]) //nolint:errorlint // it comes from right inside
	ctx, t, again := l.again(ctx, t, err, func(err error) bool {
		return ok || l.of.test(*new(Resp), err)
	})
	if again && ok {
		discard(response.resp)
	}
	return ctx, t, again
}

// discard disposes of a response that nobody gets.
func discard(resp any) {
	if c, ok := resp.(io.Closer); ok && c != nil {
		_ = c.Close()
	}
}
