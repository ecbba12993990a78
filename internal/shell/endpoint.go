package shell

import (
	"context"
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/typedkit/endpoint"
)

// An Endpoint is a user's endpoint without its types, as a transport serves it
// and calls it.
//
// Erase is the only code that is compiled for each pair of types, and the text of
// both types is in the name of each of its functions. So it does no more than to
// copy requests and responses, and captures nothing that has a type of the user's.
// See decision 120.
type Endpoint struct {
	Req, Resp reflect.Type
	Addr      unsafe.Pointer // of the field

	// ByValue hands requests and responses over as they are, and not through
	// pointers to them: they are pointers to messages already. It is set before
	// the first call, if at all.
	ByValue bool

	// Serve makes one call on a server: it takes the request from x, calls the
	// endpoint, and gives x the response.
	Serve func(ctx context.Context, x Exchange) error

	// Call makes one call on a client. v is a *Sending, and Call returns what
	// points to the response; with ByValue, v is the request and Call returns the
	// response.
	Call func(ctx context.Context, v any) (any, error)

	field reflect.Value // the field
	next  any           // the endpoint that Serve calls
	call  any           // the endpoint that calls Call
}

// An Exchange is one call on a server.
type Exchange interface {
	// Decode reads the request into the value that req points to. room is space
	// for one text that lives as long as the response.
	Decode(req any, room []string) error
	// Encode takes the response that resp points to.
	Encode(resp any) error
	// Receive and Send are Decode and Encode for requests and responses that are
	// handed over by value.
	Receive() (req any, err error)
	Send(resp any) error
}

// served is what one call on a server has on the heap, in one allocation.
type served[Req, Resp any] struct {
	req  Req
	resp Resp
	room [1]string
}

// sent is what one call on a client has on the heap, in one allocation.
type sent[Req, Resp any] struct {
	Sending
	req  Req
	resp Resp
}

// Erase returns the endpoint that field points to, a field of a service, or nil
// for a nil pointer.
func Erase[Req, Resp any](field *endpoint.Endpoint[Req, Resp]) *Endpoint {
	e := newEndpoint(field)
	if e == nil {
		return nil
	}
	e.Serve = func(ctx context.Context, x Exchange) error {
		next := e.next.(endpoint.Endpoint[Req, Resp])
		if e.ByValue {
			v, err := x.Receive()
			if err != nil {
				return err
			}
			req, _ := v.(Req)
			resp, err := next(ctx, req)
			if err != nil {
				return err
			}
			return x.Send(resp)
		}
		m := new(served[Req, Resp])
		err := x.Decode(&m.req, m.room[:0])
		if err != nil {
			return err
		}
		if m.resp, err = next(ctx, m.req); err != nil {
			return err
		}
		return x.Encode(&m.resp)
	}
	e.call = endpoint.Endpoint[Req, Resp](func(ctx context.Context, req Req) (Resp, error) {
		if e.ByValue {
			v, err := e.Call(ctx, req)
			resp, _ := v.(Resp)
			return resp, err
		}
		m := new(sent[Req, Resp])
		m.req = req
		m.Req, m.resp0 = &m.req, &m.resp
		v, err := e.Call(ctx, &m.Sending)
		if err != nil {
			return *new(Resp), err
		}
		return *v.(*Resp), nil
	})
	return e
}

func newEndpoint(field any) *Endpoint {
	v := reflect.ValueOf(field)
	if v.IsNil() {
		return nil
	}
	e := &Endpoint{Addr: v.UnsafePointer(), field: v.Elem()}
	t := e.field.Type()
	e.Req, e.Resp = t.In(1), t.Out(0)
	return e
}

// IsNil reports whether the field is nil.
func (e *Endpoint) IsNil() bool { return e.field.IsNil() }

// Read takes the endpoint that Serve calls from the field.
func (e *Endpoint) Read() { e.next = e.field.Interface() }

// Set sets the field to the endpoint that calls Call.
func (e *Endpoint) Set() { e.field.Set(reflect.ValueOf(e.call)) }

// SetError sets the field to an endpoint that fails with err.
func (e *Endpoint) SetError(err error) {
	e.ByValue = false
	e.Call = func(context.Context, any) (any, error) { return nil, err }
	e.Set()
}

// A Sending is one call of a client without the types of its messages.
type Sending struct {
	Req   any // points to the request
	resp0 any // points to where the first attempt puts its response
	taken atomic.Bool
}

// Response returns a pointer to a zero response for one attempt: every attempt
// has a response of its own, so that one that lost a race never writes where the
// winner is read.
func (s *Sending) Response() any {
	if s.taken.CompareAndSwap(false, true) {
		return s.resp0
	}
	return reflect.New(reflect.TypeOf(s.resp0).Elem()).Interface()
}

// ByPointer is for the exchanges of transports that hand nothing over by value.
type ByPointer struct{}

// Receive fails: Endpoint.ByValue is not set.
func (ByPointer) Receive() (any, error) { return nil, errByValue }

// Send fails: Endpoint.ByValue is not set.
func (ByPointer) Send(any) error { return errByValue }

var errByValue = endpoint.Errorf(endpoint.Internal, "the transport hands no messages over by value")
