package transporttest_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/internal/service"
)

// local is a transport within the process. A server runs each call on a
// goroutine of its own, and the items of streams go through channels. Messages
// are handed over as they are or, if it is encoded, as JSON.
type local struct {
	encoded bool
	faults  faults
}

// faults are what is wrong with a local. The zero value is nothing.
type faults struct {
	answer  func(sent *endpoint.Error, err error) *endpoint.Error                   // changes what a server sends for err
	header  func(h map[string][]string)                                             // changes the header of a request
	reply   func(h *endpoint.Header, err error)                                     // changes the header of a reply
	context func(client context.Context) (context.Context, context.CancelFunc)      // of the server
	hook    func(ctx context.Context, err error, hook func(context.Context, error)) // calls the hook
	layers  func(s endpoint.Stack, op *endpoint.Operation) endpoint.Stack           // changes those of both ends
	items   func(items endpoint.Stream[any]) endpoint.Stream[any]                   // changes those of a response
	uploads func(items endpoint.Stream[any]) endpoint.Stream[any]                   // changes those of a request
	decode  func(data []byte) error                                                 // runs before a message is read
	message func(data []byte, m *transporttest.Message)                             // changes what was read
	client  func(z *transporttest.Zoo)                                              // changes the endpoints of a client
	result  func(err error) error                                                   // changes the error of an attempt

	releases      int  // for each attempt beside the right one
	keepsTargets  bool // is not released after a panic
	leaks         bool // a goroutine for each call
	anySize       bool // has no limit
	uncounted     bool // counts no bytes
	rangesAgain   bool // allows it
	takesPart     bool // for the whole
	eager         bool // calls before the loop
	operations    bool // has one for each call
	unchecked     bool // sends any header
	addsHeader    bool // to that of the Call
	noStatus      bool // has none on the client
	noPeer        bool // has none on the client
	keepsProducer bool // does not stop it when the server has ended
	hookCosts     bool // answers its panic
	rawTexts      bool // sends invalid UTF-8
	lawless       bool // checks no rules
	patient       bool // waits for items after the end of the handler's context
	remembers     bool // answers every call as the first that failed
	hidesAcquire  bool // has an error of its own for one of Acquire
	hidesProducer bool // has an error of its own for one of a producer
	takesPlaces   bool // before the first item of a request
	ignoresTime   bool // makes an attempt after the deadline
	blamesTargets bool // gives a target the error of a call without a mark
	takesTime     bool // never gives a server a fair time
	public        bool // serves anyone
	hurries       bool // ends a call on the server before its deadline
}

func (l *local) Serve(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	s := &localServer{local: l, end: e, gone: make(chan struct{}), requires: requiresOf(z)}
	e.Cleanup(func() { close(s.gone) })
	unary, err1 := s.unary("Unary", z.Unary)
	idempotent, err2 := s.unary("Idempotent", z.Idempotent)
	empty, err3 := s.unary("Empty", z.Empty)
	serverStream, err4 := s.serverStream("ServerStream", z.ServerStream)
	clientStream, err5 := s.clientStream("ClientStream", z.ClientStream)
	bidi, err6 := s.bidi("Bidi", z.Bidi)
	return func(z *transporttest.Zoo, e transporttest.End) error {
		err := errors.Join(
			callUnary(s.client(unary, e), &z.Unary),
			callUnary(s.client(idempotent, e), &z.Idempotent),
			callUnary(s.client(empty, e), &z.Empty),
			callServerStream(s.client(serverStream, e), &z.ServerStream),
			callClientStream(s.client(clientStream, e), &z.ClientStream),
			callBidi(s.client(bidi, e), &z.Bidi),
		)
		if l.faults.client != nil {
			l.faults.client(z)
		}
		return err
	}, errors.Join(err1, err2, err3, err4, err5, err6)
}

// pack returns a message as it goes over the transport, and its size.
func (l *local) pack[T any](v T) (any, int, error) {
	if !l.encoded {
		if m, ok := any(v).(transporttest.Message); ok {
			m.Blob = slices.Clone(m.Blob)
			return m, 0, nil
		}
		return v, 0, nil
	}
	data, err := codec.JSON().Append(nil, &v)
	return data, len(data), err
}

func (l *local) unpack[T any](packed any) (T, error) {
	if !l.encoded {
		return packed.(T), nil
	}
	v := new(T)
	if l.faults.decode != nil {
		if err := l.faults.decode(packed.([]byte)); err != nil {
			return *v, err
		}
	}
	err := codec.JSON().Decode(packed.([]byte), v)
	if m, ok := any(v).(*transporttest.Message); ok && l.faults.message != nil {
		l.faults.message(packed.([]byte), m)
	}
	return *v, err
}

// exchange is one call.
type exchange struct {
	call    *endpoint.CallWriter // of the server
	inner   context.Context      // of the handler
	limit   int
	request any           // where it is not a stream
	in, out chan any      // items; in is closed after the last one
	first   chan any      // has the first item, or is closed, if it was peeked at
	failed  chan error    // has why the request stream failed
	answer  any           // where the response is not a stream
	ended   chan struct{} // closed when the server has ended, after the fields below
	reply   endpoint.Header
	status  int
	err     *endpoint.Error // that the server sends
	broken  atomic.Bool     // in was closed without the end of the request
	read    atomic.Int64    // bytes of items, which another goroutine may read
}

var (
	errTooLarge    = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the message is too large")
	errRangedTwice = endpoint.Define(endpoint.Internal, "endpoint", "RANGED_TWICE", "a request stream can be ranged over once")
)

// received returns a message of the request.
func received[T any](l *local, x *exchange, packed any) (T, error) {
	if data, ok := packed.([]byte); ok {
		x.read.Add(l.countable(len(data)))
		if len(data) > x.limit && !l.faults.anySize {
			return *new(T), errTooLarge
		}
	}
	v, err := l.unpack[T](packed)
	if err != nil || l.faults.lawless {
		return v, err
	}
	rules, faults := service.Rules(service.Message{Type: reflect.TypeFor[T]()}, service.Message{Type: reflect.TypeFor[endpoint.Empty]()})
	return v, errors.Join(append(faults, rules.Check(&v, nil))...)
}

// count tells the Call what was read, on the goroutine of the layers.
func (x *exchange) count() { x.call.AddBytes(x.read.Swap(0), 0) }

// countable returns the size of a message as the Call hears of it.
func (l *local) countable(size int) int64 {
	if l.faults.uncounted {
		return 0
	}
	return int64(size)
}

// toSend returns a message of the response.
func toSend[T any](l *local, x *exchange, v T) (any, error) {
	packed, size, err := l.pack(v)
	if err != nil {
		return nil, endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	x.call.AddBytes(0, l.countable(size))
	return packed, nil
}

type exchangeKey struct{}

// exchange returns the exchange of a call whose request is a stream.
func (l *local) exchange(ctx context.Context) *exchange {
	x := ctx.Value(exchangeKey{}).(*exchange)
	if !l.faults.patient {
		x.inner = ctx
	}
	return x
}

type localServer struct {
	*local

	end      transporttest.End
	gone     chan struct{} // closed when the server has stopped
	requires map[string][]endpoint.Needs
}

// requiresOf returns what the endpoints of z require, by their names.
func requiresOf(z *transporttest.Zoo) map[string][]endpoint.Needs {
	var f endpoint.Facts
	z.Describe(&f)
	names := map[any]string{
		&z.Unary: "Unary", &z.Idempotent: "Idempotent",
		&z.ServerStream: "ServerStream", &z.ClientStream: "ClientStream", &z.Bidi: "Bidi",
	}
	all := map[string][]endpoint.Needs{}
	f.All(func(field any, op *endpoint.Operation, _ error) bool {
		all[names[field]] = op.Requires
		return true
	})
	return all
}

// served is an operation of a server.
type served struct {
	op  *endpoint.Operation
	run func(ctx context.Context, x *exchange) error
}

// bind returns the operation and its layers.
func (s *localServer) bind(name string, kind endpoint.StreamKind, side endpoint.Side, e transporttest.End) (*endpoint.Operation, endpoint.Stack, error) {
	l := s.local
	op := &endpoint.Operation{Service: "Zoo", Name: name, Side: side, Streams: kind, Idempotent: name == "Idempotent", Fails: transporttest.Fails()}
	if side == endpoint.ClientSide || !l.faults.public {
		op.Requires = s.requires[name]
	}
	if l.encoded {
		op.StatusOf = func(e *endpoint.Error) int { return int(e.Code()) }
	}
	layers := e.Layers
	if l.faults.layers != nil {
		layers = l.faults.layers(layers, op)
	}
	stack, err := layers.Bind(op)
	return op, stack, err
}

func (s *localServer) unary[Req, Resp any](name string, h endpoint.Endpoint[Req, Resp]) (served, error) {
	op, stack, err := s.bind(name, endpoint.Unary, endpoint.ServerSide, s.end)
	shell := stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		req, err := received[Req](s.local, x, x.request)
		x.count()
		if err != nil {
			return endpoint.Empty{}, err
		}
		resp, err := h(ctx, req)
		if err == nil {
			x.answer, err = toSend(s.local, x, resp)
		}
		return endpoint.Empty{}, err
	})
	return served{op, func(ctx context.Context, x *exchange) error {
		_, err := shell(ctx, x)
		return err
	}}, err
}

func (s *localServer) serverStream[Req, T any](name string, h endpoint.Endpoint[Req, endpoint.Stream[T]]) (served, error) {
	op, stack, err := s.bind(name, endpoint.ServerStream, endpoint.ServerSide, s.end)
	shell := stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Stream[any], error) {
		req, err := received[Req](s.local, x, x.request)
		x.count()
		if err != nil {
			return nil, err
		}
		items, err := h(ctx, req)
		return itemsOut(s.local, x, items), err
	})
	return served{op, func(ctx context.Context, x *exchange) error {
		items, err := shell(ctx, x)
		return x.sendAll(ctx, s.local, items, err)
	}}, err
}

func (s *localServer) clientStream[T, Resp any](name string, h endpoint.Endpoint[endpoint.Stream[T], Resp]) (served, error) {
	op, stack, err := s.bind(name, endpoint.ClientStream, endpoint.ServerSide, s.end)
	before, places := stack.Split()
	if s.faults.takesPlaces {
		before, places = stack, nil
	}
	inside := places.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Empty, error) {
		x := s.exchange(ctx)
		resp, err := h(ctx, itemsIn[T](s.local, x, items))
		x.count()
		if err == nil {
			x.answer, err = toSend(s.local, x, resp)
		}
		return endpoint.Empty{}, err
	})
	shell := before.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Empty, error) {
		if len(places) > 0 {
			if err := places.Admit(ctx); err != nil {
				return endpoint.Empty{}, err
			}
			s.exchange(ctx).peek()
		}
		return inside(ctx, items)
	})
	return served{op, func(ctx context.Context, x *exchange) error {
		_, err := shell(context.WithValue(ctx, exchangeKey{}, x), x.items(s.local))
		return err
	}}, err
}

func (s *localServer) bidi[In, Out any](name string, h endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]]) (served, error) {
	op, stack, err := s.bind(name, endpoint.Bidi, endpoint.ServerSide, s.end)
	shell := stack.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Stream[any], error) {
		x := s.exchange(ctx)
		answers, err := h(ctx, itemsIn[In](s.local, x, items))
		return itemsOut(s.local, x, answers), err
	})
	return served{op, func(ctx context.Context, x *exchange) error {
		items, err := shell(context.WithValue(ctx, exchangeKey{}, x), x.items(s.local))
		return x.sendAll(ctx, s.local, items, err)
	}}, err
}

// itemsOut returns the items of a response as they are sent.
func itemsOut[T any](l *local, x *exchange, items endpoint.Stream[T]) endpoint.Stream[any] {
	if items == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		defer x.count()
		for v, err := range items {
			var packed any
			if err == nil {
				packed, err = toSend(l, x, v)
			}
			if !yield(packed, err) || err != nil {
				return
			}
		}
	}
}

// items returns the items of a request as they come.
func (x *exchange) items(l *local) endpoint.Stream[any] {
	if l.faults.uploads != nil {
		return l.faults.uploads(x.received(l))
	}
	return x.received(l)
}

// peek waits for the first item of a request, or for its end.
func (x *exchange) peek() {
	select {
	case packed, ok := <-x.in:
		first := make(chan any, 1)
		if ok {
			first <- packed
		} else {
			close(first)
		}
		x.first = first
	case <-x.inner.Done():
	}
}

// next returns the channel of the next item, and has the one after it be of in.
func (x *exchange) next() chan any {
	c := x.in
	if x.first != nil {
		c, x.first = x.first, nil
	}
	return c
}

func (x *exchange) received(l *local) endpoint.Stream[any] {
	ranged := false
	return func(yield func(any, error) bool) {
		if ranged && !l.faults.rangesAgain {
			yield(nil, errRangedTwice)
			return
		}
		ranged = true
		for {
			select {
			case packed, ok := <-x.next():
				if !ok && x.broken.Load() {
					yield(nil, endpoint.Errorf(endpoint.Canceled, "the request stream broke off"))
					return
				}
				if !ok || !yield(packed, nil) {
					return
				}
			case <-x.inner.Done():
				yield(nil, x.inner.Err())
				return
			}
		}
	}
}

// itemsIn returns the items of a request as the handler gets them.
func itemsIn[T any](l *local, x *exchange, items endpoint.Stream[any]) endpoint.Stream[T] {
	return func(yield func(T, error) bool) {
		for packed, err := range items {
			var v T
			if err == nil {
				v, err = received[T](l, x, packed)
			}
			if err != nil {
				yield(*new(T), err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (x *exchange) sendAll(ctx context.Context, l *local, items endpoint.Stream[any], err error) error {
	if err != nil || items == nil {
		return err
	}
	if l.faults.items != nil {
		items = l.faults.items(items)
	}
	for packed, err := range items {
		if err != nil {
			return err
		}
		select {
		case x.out <- packed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
