package jsonrpcx

import (
	"context"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// Mount serves svc on router, a chi router or an *http.ServeMux, at POST of path. Its error
// joins all that is wrong, each naming its place, and then nothing was registered.
func Mount(router httpx.Router, path string, svc Service, opts ...Option) error {
	b := newBuild(endpoint.ServerSide, svc, opts)
	if service.IsNil(router) {
		b.Fault("", errors.New("the router is nil"))
	}
	h := b.handler()
	if err := b.Err(); err != nil {
		return err
	}
	b.register(router, http.MethodPost+" "+path, h)
	return b.Err()
}

// register turns a router's panic into a fault.
func (b *build) register(router httpx.Router, pattern string, h http.Handler) {
	defer func() {
		if r := recover(); r != nil {
			b.Fault("", fmt.Errorf("the router refuses %q: %v", pattern, r))
		}
	}()
	router.Handle(pattern, h)
}

// Handler serves svc on whatever path it is registered for. Other methods of HTTP than POST
// are answered 405. It panics with all that is wrong, as regexp.MustCompile does; [Mount]
// returns it.
func Handler(svc Service, opts ...Option) http.Handler {
	b := newBuild(endpoint.ServerSide, svc, opts)
	h := b.handler()
	if err := b.Err(); err != nil {
		panic(err.Error())
	}
	return h
}

// server is a service that is served.
type server struct {
	config   *config
	methods  map[string]*method
	unrouted *method // of requests that name no method
	post     http.Handler
	other    http.Handler // of other methods of HTTP
}

// handler returns the handler of the service, or nil if there are faults.
func (b *build) handler() http.Handler {
	s := &server{config: &b.config, methods: map[string]*method{}, unrouted: &method{config: &b.config}}
	op := s.unrouted.operation()
	op.Service, op.Name, op.Side, op.Unrouted = "jsonrpcx", "Handler", endpoint.ServerSide, true
	s.unrouted.op = &op
	if b.Err() != nil {
		return nil
	}
	var err error
	if s.unrouted.stack, err = b.config.Layers.Bind(&op); err != nil {
		b.Fault("", fmt.Errorf("option Use: %w", err))
		return nil
	}
	for _, mt := range b.methods {
		mt.start()
		s.methods[mt.name] = mt
	}
	s.unrouted.serve = s.unrouted.stack.Wrap(fail)
	if !b.config.noDiscover {
		mt, err := b.discovery()
		if err != nil {
			b.Fault("", err)
			return nil
		}
		s.methods[mt.name] = mt
	}
	s.post = s.handle(endpoint.LayerFunc(s.rejected))
	s.other = s.handle(endpoint.LayerFunc(s.rejected), endpoint.LayerFunc(notPost))
	return s
}

// ServeHTTP serves a request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.post.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", http.MethodPost)
	s.other.ServeHTTP(w, r)
}

// notPost is a layer that rejects all calls.
func notPost(ctx context.Context) (context.Context, func(error) error, error) {
	return ctx, nil, httpx.ErrMethodNotAllowed
}

// A reply is the answer to a request of HTTP.
type reply struct {
	Status int            `status:"true"`
	Body   jsontext.Value `body:"true"`
}

// handle returns a handler that reads requests as every route of httpx does. A request is
// an exchange of HTTP that has no layers; each of its calls has those of the service. See
// decision 191.
func (s *server) handle(layers ...endpoint.Layer) http.Handler {
	opts := append([]httpx.HandlerOption{
		httpx.Named("jsonrpcx"), httpx.Use(layers...),
		httpx.RequestCodec(bytesOf[[]byte]()), httpx.ResponseCodec(bytesOf[jsontext.Value]()),
		httpx.MapErrors(s.rejection, func(int, rejection) *endpoint.Error { return nil }),
	}, s.config.body...)
	for _, hook := range s.config.Hooks {
		opts = append(opts, httpx.ErrorHook(hook))
	}
	return httpx.Handler(s.answer, opts...)
}

// bytesOf returns the codec of a body that is read and written as it is.
func bytesOf[T ~[]byte]() codec.Codec[T] {
	c, err := codec.Of[T](codec.Bytes("application/json"), codec.Options{})
	if err != nil {
		panic(err) // of a slice of bytes: it cannot be
	}
	return c
}

// rejected is a layer that makes a request which HTTP rejects a call of the operation that
// is Unrouted, so that the layers of the service see it.
func (s *server) rejected(ctx context.Context) (context.Context, func(error) error, error) {
	return ctx, func(err error) error {
		if err == nil {
			return nil
		}
		x := s.exchange(ctx, s.unrouted, &message{}, endpoint.CallFrom(ctx).Reply())
		x.early = err
		if errors.Is(err, httpx.ErrBodyTimeout) { // which is the client's fault
			x.early = mark.Never(err)
		}
		return x.run()
	}, nil
}

// rejection is the body of an error of HTTP: a response object.
type rejection struct{ body jsontext.Value }

// MarshalJSON returns the body.
func (r rejection) MarshalJSON() ([]byte, error) { return r.body, nil }

// UnmarshalJSON keeps the body.
func (r *rejection) UnmarshalJSON(body []byte) error {
	r.body = append(r.body[:0], body...)
	return nil
}

// rejection returns the body for an error of HTTP.
func (s *server) rejection(e *endpoint.Error) (status int, body rejection) {
	return 0, rejection{s.unrouted.appendFailure(nil, e, nil)}
}

// answer serves the body of a request: a call or a batch.
func (s *server) answer(ctx context.Context, body []byte) (reply, error) {
	raw := jsontext.Value(body)
	var out []byte
	switch m := parseWhole(body); {
	case m != nil:
		out = s.one(ctx, m, endpoint.CallFrom(ctx).Reply(), nil)
	case !isWhole(raw):
		out = s.refuse(ctx, len(raw), ErrParse)
	case raw.Kind() == jsontext.KindBeginArray:
		out = s.batch(ctx, raw)
	default:
		out = s.one(ctx, parse(raw), endpoint.CallFrom(ctx).Reply(), nil)
	}
	if len(out) == 0 {
		return reply{Status: http.StatusNoContent}, nil
	}
	return reply{Status: http.StatusOK, Body: out}, nil
}

// refuse answers a request as a whole with an error.
func (s *server) refuse(ctx context.Context, size int, err error) []byte {
	x := s.exchange(ctx, s.unrouted, &message{size: size}, endpoint.CallFrom(ctx).Reply())
	x.early = err
	return x.answer()
}

// one serves one call and returns the response object, nil for a notification. to is the
// reply of HTTP, and room that of a batch; either may be nil.
func (s *server) one(ctx context.Context, m *message, to *endpoint.Header, room *room) []byte {
	mt := s.methods[m.method]
	var early error
	switch {
	case !m.valid:
		mt, early = s.unrouted, ErrInvalidRequest
	case mt == nil:
		mt, early = s.unrouted, ErrMethodNotFound
	case room != nil && ctx.Err() != nil: // before its turn
		early = shell.ContextError(ctx)
	}
	x := s.exchange(ctx, mt, m, to)
	x.early, x.room = early, room
	return x.answer()
}

// start takes the endpoint from its field and puts the layers around it.
func (mt *method) start() {
	mt.endpoint.Read()
	mt.serve = mt.stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		if x.early != nil {
			return endpoint.Empty{}, x.early
		}
		if mt.endpoint.IsNil() {
			return endpoint.Empty{}, shell.Unimplemented(mt.field.Name)
		}
		return endpoint.Empty{}, shell.Cancelled(ctx, mt.endpoint.Serve(ctx, x))
	})
}

// fail is the endpoint of calls that name no method.
func fail(_ context.Context, x *exchange) (endpoint.Empty, error) { return endpoint.Empty{}, x.early }
