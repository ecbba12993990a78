package discover

import (
	"context"
	"errors"
	"reflect"

	"github.com/typedkit/endpoint"
	ending "github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/mark"
)

// Balanced returns an endpoint whose calls go to endpoints of t, each attempt
// to one of them: of a pool of endpoints ([Of]), for example. Like any target
// it belongs inside of what repeats calls:
//
//	e := endpoint.Chain(discover.Balanced(discover.Of(replicas)), retry.Wrap)
//
// When the response is a stream, the endpoint is taken when its loop starts and
// given back when it ends. If t is nil, or has a method Err that returns a fault, each
// call fails with the code INTERNAL. Req and Resp are those of the endpoints.
func Balanced[Req, Resp any](t endpoint.Target[endpoint.Endpoint[Req, Resp]]) endpoint.Endpoint[Req, Resp] {
	if err := faultOf(t); err != nil {
		t = refusal[endpoint.Endpoint[Req, Resp]]{err}
	}
	if _, streams := endpoint.StreamItem(reflect.TypeFor[Resp]()); streams {
		return endpoint.Stack{&taking[Req, Resp]{t}}.Wrap(callTaken[Req, Resp])
	}
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		left, ok := mark.TimeLeft(ctx)
		if !ok {
			return resp, tooLate(ctx)
		}
		e, token, err := t.Acquire(ctx)
		if err != nil {
			return resp, err
		}
		finished := false
		defer func() {
			if !finished { // it panics, or the goroutine ends
				t.Release(token, errPanicked)
			}
		}()
		resp, err = e(ctx, req)
		finished = true
		if err != nil {
			err = mark.WireOf(ctx).Ended(ctx, err, left)
		}
		t.Release(token, err)
		return resp, err
	}
}

var errNilContext = errors.New("discover: the context of the call is nil")

// tooLate returns the error of a call whose context is nil or has ended, or whose
// deadline has passed, before it acquired anything.
func tooLate(ctx context.Context) error {
	if ctx == nil {
		return endpoint.Errorf(endpoint.Internal, "%w", errNilContext)
	}
	err := ctx.Err()
	if err == nil { // the timer of ctx is late
		return mark.Never(context.DeadlineExceeded)
	}
	return mark.Never(endpoint.ErrorOf(err).WithCause(ending.Err(ctx)))
}

var errNilTarget = errors.New("discover: Balanced: the target is nil")

// faultOf returns the fault of a target's construction, or nil.
func faultOf(target any) error {
	switch t := target.(type) {
	case nil:
		return errNilTarget
	case interface{ Err() error }:
		return t.Err()
	}
	return nil
}

// errPanicked is what a target learns of a call that panicked.
var errPanicked = endpoint.Errorf(endpoint.Internal, "the call panicked")

var errReplaced = errors.New("discover: the context of the call was replaced")

// taking is a layer that takes an endpoint for the time of a call.
type taking[Req, Resp any] struct {
	target endpoint.Target[endpoint.Endpoint[Req, Resp]]
}

// taken is an endpoint that was taken, for callTaken.
type taken[Req, Resp any] struct {
	context.Context
	endpoint endpoint.Endpoint[Req, Resp]
	token    endpoint.Token
}

type takenKey struct{}

func (t *taken[Req, Resp]) Value(key any) any {
	if _, ok := key.(takenKey); ok {
		return t
	}
	return t.Context.Value(key)
}

func (l *taking[Req, Resp]) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if _, ok := mark.TimeLeft(ctx); !ok {
		return nil, endpoint.Token{}, tooLate(ctx)
	}
	e, token, err := l.target.Acquire(ctx)
	if err != nil {
		return nil, endpoint.Token{}, err
	}
	t := &taken[Req, Resp]{ctx, e, token}
	return t, endpoint.Token{P: t}, nil
}

func (l *taking[Req, Resp]) Exit(_ context.Context, t endpoint.Token, err error) error {
	if t, ok := t.P.(*taken[Req, Resp]); ok {
		l.target.Release(t.token, err)
	}
	return err
}

// callTaken calls the endpoint that was taken for this call.
func callTaken[Req, Resp any](ctx context.Context, req Req) (resp Resp, err error) {
	t, ok := ctx.Value(takenKey{}).(*taken[Req, Resp])
	if !ok {
		return resp, endpoint.Errorf(endpoint.Internal, "%w", errReplaced)
	}
	return t.endpoint(t.Context, req)
}
