package shell

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/typedkit/endpoint"
)

// An Endpoint is a user's endpoint without its types, as a transport serves it or
// calls it.
type Endpoint struct {
	Req, Resp reflect.Type
	Addr      unsafe.Pointer // of the field

	// Serve makes one call on a server: it takes the request from x, calls the
	// endpoint, and passes the response to x.
	Serve func(ctx context.Context, x Exchange) error

	// Call makes one call on a client. v is a *Messages, and Call returns a
	// pointer to the response. With ByValue, v is the request itself, and Call
	// returns the response itself.
	Call func(ctx context.Context, v any) (any, error)

	// ByValue passes requests and responses as they are, because they are pointers
	// to messages already, instead of pointers to them. It is for EraseValues, and
	// is set before the first call.
	ByValue bool

	unused sync.Pool     // of messages, for EraseReused
	field  reflect.Value // the field
	next   any           // the endpoint that Serve calls, after Read
	unset  bool          // next is nil
	call   any           // the endpoint that calls Call
}

// An Exchange is one call on a server.
type Exchange interface {
	// Decode reads the request of m.
	Decode(m *Messages) error
	// Encode takes the response of m.
	Encode(m *Messages) error
}

// A ValueExchange is the Exchange of an endpoint with ByValue.
type ValueExchange interface {
	Exchange
	Receive() (req any, err error)
	Send(resp any) error
}

// A Part is the place in a service's description that an endpoint is added to.
type Part interface{ Add(e *Endpoint) }

// Messages are the request and the response of one call, without their types.
type Messages struct {
	Req   any       // points to the request
	Resp  any       // points to the response; on a client, to that of the first attempt
	Room  [1]string // space for a string that lives as long as they do
	Reuse bool      // set by a transport that keeps no pointer to them; for EraseReused
	taken atomic.Bool
}

// set is not inlined, because it would be so into code that is compiled for each
// endpoint.
//
//go:noinline
func (m *Messages) set(req, resp any) { m.Req, m.Resp = req, resp }

// Place returns a pointer to a zero response for one attempt of a client. Each
// attempt has its own, so that one that lost a race never writes to the response
// that the caller reads.
func (m *Messages) Place() any {
	// See decision 112.
	if m.taken.CompareAndSwap(false, true) {
		return m.Resp
	}
	return reflect.New(reflect.TypeOf(m.Resp).Elem()).Interface()
}

// messages is the state of one call on the heap, in one allocation.
type messages[Req, Resp any] struct {
	Messages
	req  Req
	resp Resp
}

// Erase adds the endpoint that field points to, a field of a service, to part.
//
// It is the only code that is compiled for each pair of types, and the names of
// its functions contain the text of both types. So it only copies requests and
// responses. It captures no variable of a user's type, because that would add a
// description of the type to the binary. See decision 106.
func Erase[Req, Resp any](field *endpoint.Endpoint[Req, Resp], part Part) {
	e := newEndpoint(field)
	e.add(part, func(ctx context.Context, x Exchange) error {
		m := new(messages[Req, Resp])
		m.set(&m.req, &m.resp)
		if err := x.Decode(&m.Messages); err != nil {
			return err
		}
		var err error
		if m.resp, err = e.next.(endpoint.Endpoint[Req, Resp])(ctx, m.req); err != nil {
			return err
		}
		return x.Encode(&m.Messages)
	}, endpoint.Endpoint[Req, Resp](func(ctx context.Context, req Req) (Resp, error) {
		m := new(messages[Req, Resp])
		m.set(&m.req, &m.resp)
		m.req = req
		v, err := e.Call(ctx, &m.Messages)
		if err != nil {
			return *new(Resp), err
		}
		return *v.(*Resp), nil
	}))
}

// EraseValues is Erase for a transport that sets ByValue for some of its endpoints.
func EraseValues[Req, Resp any](field *endpoint.Endpoint[Req, Resp], part Part) {
	e := newEndpoint(field)
	e.add(part, func(ctx context.Context, x Exchange) error {
		if e.ByValue {
			x := x.(ValueExchange)
			v, err := x.Receive()
			if err != nil {
				return err
			}
			req, _ := v.(Req)
			resp, err := e.next.(endpoint.Endpoint[Req, Resp])(ctx, req)
			if err != nil {
				return err
			}
			return x.Send(resp)
		}
		m := new(messages[Req, Resp])
		m.set(&m.req, &m.resp)
		err := x.Decode(&m.Messages)
		if err == nil {
			m.resp, err = e.next.(endpoint.Endpoint[Req, Resp])(ctx, m.req)
		}
		if err == nil {
			err = x.Encode(&m.Messages)
		}
		return err
	}, endpoint.Endpoint[Req, Resp](func(ctx context.Context, req Req) (resp Resp, err error) {
		if e.ByValue {
			v, err := e.Call(ctx, req)
			if err == nil {
				resp, _ = v.(Resp)
			}
			return resp, err
		}
		m := new(messages[Req, Resp])
		m.set(&m.req, &m.resp)
		m.req = req
		v, err := e.Call(ctx, &m.Messages)
		if err == nil {
			resp = *v.(*Resp)
		}
		return resp, err
	}))
}

// EraseReused is Erase for a transport that converts requests and responses, and so
// need not keep pointers to them. A call whose transport sets Reuse has no
// allocation for its Messages.
func EraseReused[Req, Resp any](field *endpoint.Endpoint[Req, Resp], part Part) {
	e := newEndpoint(field)
	e.add(part, func(ctx context.Context, x Exchange) error {
		m, _ := e.unused.Get().(*messages[Req, Resp])
		if m == nil {
			m = new(messages[Req, Resp])
		}
		m.set(&m.req, &m.resp)
		err := x.Decode(&m.Messages)
		if err == nil {
			m.resp, err = e.next.(endpoint.Endpoint[Req, Resp])(ctx, m.req)
		}
		if err == nil {
			err = x.Encode(&m.Messages)
		}
		if m.Reuse {
			*m = messages[Req, Resp]{}
			e.unused.Put(m)
		}
		return err
	}, endpoint.Endpoint[Req, Resp](func(ctx context.Context, req Req) (resp Resp, err error) {
		m, _ := e.unused.Get().(*messages[Req, Resp])
		if m == nil {
			m = new(messages[Req, Resp])
		}
		m.set(&m.req, &m.resp)
		m.req = req
		v, err := e.Call(ctx, &m.Messages)
		if err == nil {
			resp = *v.(*Resp)
		}
		if m.Reuse {
			*m = messages[Req, Resp]{}
			e.unused.Put(m)
		}
		return resp, err
	}))
}

// newEndpoint returns the Endpoint of field, a pointer to a field, which may be nil.
func newEndpoint(field any) *Endpoint {
	v := reflect.ValueOf(field)
	t := v.Type().Elem()
	return &Endpoint{Req: t.In(1), Resp: t.Out(0), Addr: v.UnsafePointer(), field: v.Elem()}
}

// add adds e to part, with the two functions that are compiled for its types.
func (e *Endpoint) add(part Part, serve func(ctx context.Context, x Exchange) error, call any) {
	e.Serve, e.call = serve, call
	part.Add(e)
}

// IsNil reports whether the field is nil, or was nil at the time of Read.
func (e *Endpoint) IsNil() bool {
	if e.next != nil {
		return e.unset
	}
	return e.field.IsNil()
}

// Read takes the endpoint that Serve calls from the field. Later changes of the
// field have no effect.
func (e *Endpoint) Read() { e.next, e.unset = e.field.Interface(), e.field.IsNil() }

// Set sets the field to the endpoint that calls Call.
func (e *Endpoint) Set() { e.field.Set(reflect.ValueOf(e.call)) }

// SetError sets the field to an endpoint that fails with err.
func (e *Endpoint) SetError(err error) {
	e.Call = func(context.Context, any) (any, error) { return nil, err }
	e.Set()
}
