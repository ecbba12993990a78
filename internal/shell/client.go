package shell

import (
	"context"
	"io"
	"reflect"

	"github.com/typedkit/endpoint"
)

// A Client is one operation of a transport on the client's side. C is the type of
// a connection.
type Client[C any] struct {
	Op     *endpoint.Operation
	Target endpoint.Target[C]
	Stack  endpoint.Stack // bound

	// Begin starts the Call.
	Begin func(ctx context.Context) (context.Context, error)

	// Unary makes one exchange for a request, as of Endpoint.Call.
	Unary func(ctx context.Context, conn C, v any) (any, error)
	// Upload makes one exchange whose request is a stream and whose response goes
	// where resp points to.
	Upload func(ctx context.Context, conn C, items *Producer, resp any) error
	// Range makes the call of a response stream, perhaps in several attempts, with
	// a pointer to the request or with the items of one.
	Range func(ctx context.Context, req any, items *Producer, out *Receiver)
}

// Connect sets the field of e to the calls of c: the Call, the layers, and in them
// one exchange for each attempt.
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

func (c *Client[C]) unary(e *Endpoint) func(context.Context, any) (any, error) {
	closes := !e.ByValue && e.Resp.Implements(reflect.TypeFor[io.Closer]())
	attempt := c.Stack.Wrap(func(ctx context.Context, v any) (resp any, err error) {
		err = Attempt(ctx, c.Target, func(conn C) (err error) {
			resp, err = c.Unary(ctx, conn, v)
			return err
		})
		if err == nil && closes {
			resp = &closing{resp}
		}
		return resp, err
	})
	return func(ctx context.Context, v any) (any, error) {
		ctx, err := c.Begin(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := attempt(ctx, v)
		if closes && err == nil {
			return resp.(*closing).resp, nil
		}
		return resp, err
	}
}

// closing is what points to a response that is to be closed if its attempt loses
// a race.
type closing struct{ resp any }

func (c *closing) Close() error {
	closer, ok := reflect.TypeAssert[io.Closer](reflect.ValueOf(c.resp).Elem())
	if !ok || closer == nil {
		return nil
	}
	return closer.Close()
}

func (c *Client[C]) serverStream(e *Endpoint) func(context.Context, any) (any, error) {
	attempt := c.Stack.Wrap(func(ctx context.Context, v any) (endpoint.Stream[any], error) {
		return func(yield func(any, error) bool) {
			c.Range(ctx, v.(*Messages).Req, nil, &Receiver{yield: yield})
		}, nil
	})
	return func(ctx context.Context, v any) (any, error) {
		return e.lazy(v, func() (endpoint.Stream[any], error) {
			ctx, err := c.Begin(ctx)
			if err != nil {
				return nil, err
			}
			return attempt(ctx, v)
		}), nil
	}
}

// lazy puts a stream into the response of v that makes its call when it is ranged
// over, and returns what points to it.
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

// messagesKey is where the attempts of a call with a request stream find the rest
// of it: their request is the stream.
type messagesKey struct{}

func (c *Client[C]) clientStream(*Endpoint) func(context.Context, any) (any, error) {
	attempt := c.Stack.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (any, error) {
		resp := ctx.Value(messagesKey{}).(*Messages).Place()
		err := Attempt(ctx, c.Target, func(conn C) error {
			p := &Producer{items: items}
			defer p.Stop()
			return c.Upload(ctx, conn, p, resp)
		})
		return resp, err
	})
	return func(ctx context.Context, v any) (any, error) {
		items := requestOf(ctx, v)
		ctx, err := c.Begin(context.WithValue(ctx, messagesKey{}, v))
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
			ctx, err := c.Begin(ctx)
			if err != nil {
				return nil, err
			}
			return attempt(ctx, items)
		}), nil
	}
}

// requestOf returns the request stream of a call under ctx, the caller's.
func requestOf(ctx context.Context, v any) endpoint.Stream[any] {
	return Whole(ctx, endpoint.EraseStream(reflect.ValueOf(v.(*Messages).Req).Elem().Interface()))
}
