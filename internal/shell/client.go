package shell

import (
	"context"
	"io"
	"reflect"
	"time"

	"github.com/typedkit/endpoint"
)

// A Client is one operation of a transport on the client's side. C is the type of
// a connection. See decision 107.
type Client[C any] struct {
	Op     *endpoint.Operation
	Target endpoint.Target[C]
	Stack  endpoint.Stack // bound

	// Timeout bounds each exchange of a unary call whose context has no deadline. 0 is
	// DefaultCallTimeout, and a negative Timeout is no bound.
	Timeout time.Duration

	// Begin starts the Call.
	Begin func(ctx context.Context) (context.Context, error)

	// Unary makes one exchange. Its request and its response are those of
	// Endpoint.Call.
	Unary func(ctx context.Context, conn C, v any) (any, error)
	// Upload makes one exchange whose request is a stream. It reads the response
	// into the value that resp points to.
	Upload func(ctx context.Context, conn C, items *Producer, resp any) error
	// Range makes the call of a response stream, in several attempts if the
	// transport can resume it. The request is either the value that req points to
	// or the items of a stream.
	Range func(ctx context.Context, req any, items *Producer, out *Receiver)
}

// Connect sets the field of e to an endpoint that makes the calls of c. A call
// starts a Call and runs the layers; inside them, each attempt is one exchange.
func (c *Client[C]) Connect(e *Endpoint) {
	switch c.Op.Streams {
	case endpoint.Unary:
		e.Call = c.unary(e)
	case endpoint.ServerStream:
		e.Call = c.serverStream(e)
	case endpoint.ClientStream:
		e.Call = c.clientStream(e)
	case endpoint.Bidi:
		e.Call = c.bidi(e)
	}
	e.Set()
}

func (c *Client[C]) begin(ctx context.Context) (context.Context, error) {
	if ctx == nil {
		return nil, errNilContext
	}
	return c.Begin(ctx)
}

func (c *Client[C]) unary(e *Endpoint) func(context.Context, any) (any, error) {
	opens := mayClose(e.Resp)
	boxes := !e.ByValue && opens
	limit := newLimit(c.Timeout)
	attempt := c.Stack.Wrap(func(ctx context.Context, v any) (resp any, err error) {
		err = Attempt(ctx, c.Target, func(conn C) (err error) {
			if !limit.bounds(ctx) {
				resp, err = c.Unary(ctx, conn, v)
				return err
			}
			within := limit.start(ctx)
			open := false
			defer func() { err = within.end(err, open) }()
			resp, err = c.Unary(within, conn, v)
			// A response that the caller must close may still be read under its
			// context, which then ends with the caller's.
			open = err == nil && opens && e.isOpen(resp)
			return err
		})
		if boxes && err == nil {
			resp = boxOf(resp)
		}
		return resp, err
	})
	return func(ctx context.Context, v any) (any, error) {
		ctx, err := c.begin(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := attempt(ctx, v)
		if boxes && err == nil {
			return unbox(resp), nil
		}
		return resp, err
	}
}

// box holds the pointer to a response that is not to be closed. The pointer may
// have a method Close that the response itself does not have.
type box struct{ resp any }

// closingBox holds the pointer to a response that is an io.Closer. The layers
// close it if its attempt loses a race.
type closingBox struct {
	io.Closer

	resp any
}

var closerType = reflect.TypeFor[io.Closer]()

// mayClose reports whether a response of type t, or a pointer to one, may be an
// io.Closer.
func mayClose(t reflect.Type) bool {
	return t.Implements(closerType) || reflect.PointerTo(t).Implements(closerType)
}

// boxOf returns the pointer resp in a box that has the abilities of the response.
func boxOf(resp any) any {
	if closer, ok := reflect.TypeAssert[io.Closer](reflect.ValueOf(resp).Elem()); ok {
		return closingBox{closer, resp}
	}
	return box{resp}
}

// isOpen reports whether a response of e, as Unary returns it, is an io.Closer.
func (e *Endpoint) isOpen(resp any) bool {
	v := reflect.ValueOf(resp)
	if !e.ByValue {
		v = v.Elem()
	}
	_, ok := reflect.TypeAssert[io.Closer](v)
	return ok
}

func unbox(v any) any {
	if b, ok := v.(closingBox); ok {
		return b.resp
	}
	return v.(box).resp
}

func (c *Client[C]) serverStream(e *Endpoint) func(context.Context, any) (any, error) {
	attempt := c.Stack.Wrap(func(ctx context.Context, v any) (endpoint.Stream[any], error) {
		return func(yield func(any, error) bool) {
			c.Range(ctx, v.(*Messages).Req, nil, &Receiver{yield: yield})
		}, nil
	})
	return func(ctx context.Context, v any) (any, error) {
		return e.lazy(v, func() (endpoint.Stream[any], error) {
			ctx, err := c.begin(ctx)
			if err != nil {
				return nil, err
			}
			return attempt(ctx, v)
		}), nil
	}
}

// lazy sets the response of v to a stream that makes its call each time it is
// ranged over. It returns the pointer to the response.
func (e *Endpoint) lazy(v any, open func() (endpoint.Stream[any], error)) any {
	resp := v.(*Messages).Place()
	put(resp, endpoint.RestoreStream(e.Resp, func(yield func(any, error) bool) {
		items, err := open()
		if err != nil {
			yield(nil, err)
			return
		}
		items(yield)
	}))
	return resp
}

// put sets the value that place points to.
func put(place, v any) { reflect.ValueOf(place).Elem().Set(reflect.ValueOf(v)) }

func (c *Client[C]) clientStream(e *Endpoint) func(context.Context, any) (any, error) {
	attempt := c.Stack.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (any, error) {
		resp := reflect.New(e.Resp).Interface() // each attempt has its own
		err := Attempt(ctx, c.Target, func(conn C) error {
			p := &Producer{items: items}
			defer p.Stop()
			return c.Upload(ctx, conn, p, resp)
		})
		return resp, err
	})
	return func(ctx context.Context, v any) (any, error) {
		items := requestOf(ctx, v)
		ctx, err := c.begin(ctx)
		if err != nil {
			return nil, err
		}
		return attempt(ctx, items)
	}
}

func (c *Client[C]) bidi(e *Endpoint) func(context.Context, any) (any, error) {
	attempt := c.Stack.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Stream[any], error) {
		return func(yield func(any, error) bool) {
			p := &Producer{items: items}
			defer p.Stop()
			c.Range(ctx, nil, p, &Receiver{yield: yield})
		}, nil
	})
	return func(ctx context.Context, v any) (any, error) {
		items := requestOf(ctx, v)
		return e.lazy(v, func() (endpoint.Stream[any], error) {
			ctx, err := c.begin(ctx)
			if err != nil {
				return nil, err
			}
			return attempt(ctx, items)
		}), nil
	}
}

// requestOf returns the request stream of a call. ctx is the caller's; see Whole.
func requestOf(ctx context.Context, v any) endpoint.Stream[any] {
	return Whole(ctx, endpoint.EraseStream(reflect.ValueOf(v.(*Messages).Req).Elem().Interface()))
}
