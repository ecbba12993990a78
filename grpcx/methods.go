package grpcx

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// A Service is a user's pointer to a struct of endpoints, which describes
// itself to gRPC by one method with a pointer receiver. The method names every
// endpoint of the struct once, by its address; it runs whenever the service is
// registered, and whenever a client is made.
type Service interface {
	GRPC(m *Methods)
}

// Methods is what a [Service] describes itself to: each of its methods is one of
// a gRPC service. On a server it reads the field, on a client it writes it. Req
// and Resp are the types of the endpoint. A Methods is valid during the call of
// GRPC.
//
// A struct that has services within it calls their method GRPC, or Service
// several times.
type Methods struct {
	build   *build
	service string
	opts    []MethodOption
}

// Service names the gRPC service that the methods described after it belong to,
// with its package, as "pb.Add", and sets options for all of them.
func (m *Methods) Service(name string, opts ...MethodOption) {
	if !validService.MatchString(name) {
		m.build.Fault(m.build.Type(), fmt.Errorf("%q is no name of a gRPC service", name))
	}
	m.service, m.opts = name, slices.Clone(opts)
}

var (
	validService = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)
	validMethod  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Unary adds a method with one request and one response. Both are messages of
// protobuf, or both are plain Go types, which go as JSON unless [Formats] or
// [Codec] says otherwise.
func (m *Methods) Unary[Req, Resp any](name string, e *endpoint.Endpoint[Req, Resp], opts ...MethodOption) {
	unary(m, name, e, direct[Req](), direct[Resp](), opts)
}

// UnaryAs adds a method whose request and response are of the domain's own types
// and go as messages of protobuf. PReq and PResp are the types of those.
func (m *Methods) UnaryAs[Req, Resp any, PReq, PResp proto.Message](name string, e *endpoint.Endpoint[Req, Resp], req Mapping[Req, PReq], resp Mapping[Resp, PResp], opts ...MethodOption) {
	unary(m, name, e, through(req), through(resp), opts)
}

func unary[Req, Resp any](m *Methods, name string, e *endpoint.Endpoint[Req, Resp], in *wire[Req], out *wire[Resp], opts []MethodOption) {
	mt := m.build.add(m, endpoint.Unary, name, unsafe.Pointer(e), &in.form, &out.form, opts)
	if mt == nil {
		return
	}
	mt.unset = *e == nil
	mt.serve = func() { mt.unary = mt.stack.Wrap(serveUnary(mt, in, out, *e)) }
	mt.connect = func(c *client) { *e = callUnary(c, in, out) }
}

// ServerStream adds a method whose response is a stream. T is the type of an
// item.
func (m *Methods) ServerStream[Req, T any](name string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], opts ...MethodOption) {
	serverStream(m, name, e, direct[Req](), direct[T](), opts)
}

// ServerStreamAs is ServerStream for types of the domain's own. PReq and PT are
// the types of the messages.
func (m *Methods) ServerStreamAs[Req, T any, PReq, PT proto.Message](name string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], req Mapping[Req, PReq], item Mapping[T, PT], opts ...MethodOption) {
	serverStream(m, name, e, through(req), through(item), opts)
}

func serverStream[Req, T any](m *Methods, name string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], in *wire[Req], out *wire[T], opts []MethodOption) {
	mt := m.build.add(m, endpoint.ServerStream, name, unsafe.Pointer(e), &in.form, &out.form, opts)
	if mt == nil {
		return
	}
	mt.unset = *e == nil
	mt.serve = func() { mt.stream = serveServerStream(mt, in, out, *e) }
	mt.connect = func(c *client) { *e = callServerStream(c, in, out) }
}

// ClientStream adds a method whose request is a stream. T is the type of an
// item.
func (m *Methods) ClientStream[T, Resp any](name string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], opts ...MethodOption) {
	clientStream(m, name, e, direct[T](), direct[Resp](), opts)
}

// ClientStreamAs is ClientStream for types of the domain's own. PT and PResp are
// the types of the messages.
func (m *Methods) ClientStreamAs[T, Resp any, PT, PResp proto.Message](name string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], item Mapping[T, PT], resp Mapping[Resp, PResp], opts ...MethodOption) {
	clientStream(m, name, e, through(item), through(resp), opts)
}

func clientStream[T, Resp any](m *Methods, name string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], in *wire[T], out *wire[Resp], opts []MethodOption) {
	mt := m.build.add(m, endpoint.ClientStream, name, unsafe.Pointer(e), &in.form, &out.form, opts)
	if mt == nil {
		return
	}
	mt.unset = *e == nil
	mt.serve = func() { mt.stream = serveClientStream(mt, in, out, *e) }
	mt.connect = func(c *client) { *e = callClientStream(c, in, out) }
}

// Bidi adds a method whose request and response are streams that flow at the
// same time. In and Out are the types of the items.
func (m *Methods) Bidi[In, Out any](name string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], opts ...MethodOption) {
	bidi(m, name, e, direct[In](), direct[Out](), opts)
}

// BidiAs is Bidi for types of the domain's own. PIn and POut are the types of
// the messages.
func (m *Methods) BidiAs[In, Out any, PIn, POut proto.Message](name string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], in Mapping[In, PIn], out Mapping[Out, POut], opts ...MethodOption) {
	bidi(m, name, e, through(in), through(out), opts)
}

func bidi[In, Out any](m *Methods, name string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], in *wire[In], out *wire[Out], opts []MethodOption) {
	mt := m.build.add(m, endpoint.Bidi, name, unsafe.Pointer(e), &in.form, &out.form, opts)
	if mt == nil {
		return
	}
	mt.unset = *e == nil
	mt.serve = func() { mt.stream = serveBidi(mt, in, out, *e) }
	mt.connect = func(c *client) { *e = callBidi(c, in, out) }
}

// Omit declares that the endpoint is not part of this transport: a server does
// not serve it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	m.build.Omit(e)
}

// method is one method of a gRPC service on one end.
type method struct {
	op            *endpoint.Operation
	service, name string // on the wire
	opts          methodConfig
	field         service.Field
	in, out       *form
	unset         bool
	stack         endpoint.Stack
	config        *config
	serve         func()          // makes the shell of a server from the field
	connect       func(c *client) // sets the field to the shell of a client

	svc    Service // of a server, for interceptors
	unary  endpoint.Endpoint[*exchange, endpoint.Empty]
	stream grpc.StreamHandler
}

// build is the description of one service while it is made, on one end.
type build struct {
	*service.Description
	end     endpoint.Side
	config  config
	methods []*method
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "grpcx", Method: "GRPC", Name: "gRPC"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	for _, o := range opts {
		if o == nil {
			b.Fault("", errors.New("a nil option"))
			continue
		}
		o.apply(&b.config)
	}
	others, side := b.config.server, "servers"
	if end == endpoint.ServerSide {
		others, side = b.config.client, "clients"
	}
	for _, name := range others {
		b.Fault("", fmt.Errorf("option %s is for %s", name, side))
	}
	for _, err := range b.config.faults {
		b.Fault("", err)
	}
	if !b.Walk(svc) {
		return b
	}
	svc.GRPC(&Methods{build: b})
	b.complete()
	return b
}

// add plans one method; nil if nothing can be made of it.
func (b *build) add(m *Methods, kind endpoint.StreamKind, name string, addr unsafe.Pointer, in, out *form, opts []MethodOption) *method {
	full := "/" + m.service + "/" + name
	f, ok := b.Describe(addr, full)
	if !ok {
		return nil
	}
	mt := &method{service: m.service, name: name, field: f, in: in, out: out, config: &b.config}
	for _, o := range append(slices.Clone(m.opts), opts...) {
		if o != nil {
			o.applyMethod(&mt.opts)
		}
	}
	mt.op = &endpoint.Operation{
		Service: f.Service, Name: f.Name, Transport: "grpc", Method: full,
		Idempotent: mt.opts.idempotent, Fails: mt.opts.fails, Streams: kind,
		StatusOf: func(e *endpoint.Error) int { return int(e.Code()) },
	}
	if mt.opts.named != "" {
		mt.op.Service = mt.opts.named
	}
	faults := append(mt.opts.faults, service.SameIdentities(mt.opts.fails)...)
	if m.service == "" {
		faults = append(faults, fmt.Errorf("the method %q belongs to no service; call Service first", name))
	}
	if !validMethod.MatchString(name) {
		faults = append(faults, fmt.Errorf("%q is no name of a method", name))
	}
	for _, err := range append(faults, mt.plan(b.end)...) {
		b.Fault(f.Path, err)
	}
	b.methods = append(b.methods, mt)
	return mt
}

// plan decides on the form of the messages.
func (mt *method) plan(end endpoint.Side) []error {
	var faults []error
	sides := []struct {
		name string
		form *form
		opts codec.Options
	}{
		{"request", mt.in, codec.Options{AllowUnknown: mt.opts.allowUnknown || end == endpoint.ClientSide}},
		{"response", mt.out, codec.Options{AllowUnknown: true}},
	}
	for _, s := range sides {
		if _, ok := endpoint.StreamItem(s.form.typ); ok {
			faults = append(faults, fmt.Errorf("%s: a Stream is no message; use ServerStream, ClientStream or Bidi", s.name))
		} else if s.form.err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, s.form.err))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if mt.opts.codec == nil && mt.in.message != nil && mt.out.message != nil {
		return mt.matchDescriptor()
	}
	if mt.opts.codec == nil && (mt.in.message != nil || mt.out.message != nil) {
		return []error{fmt.Errorf("the request is %s and the response %s: one is a message of protobuf, the other is not; map the other with %sAs", mt.in.typ, mt.out.typ, kindName(mt.op.Streams))}
	}
	if mt.in.mapped {
		return []error{errors.New("option Codec: messages that are mapped are protobuf's")}
	}
	for _, s := range sides {
		compiled, errs := compile(mt.formats(), s.form.typ, s.opts)
		s.form.formats, s.form.message = compiled, nil
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	if end == endpoint.ServerSide {
		for _, f := range mt.in.formats {
			if err := checkRegistered(f.subtype); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults
}

func (mt *method) formats() []codec.Format {
	switch {
	case mt.opts.codec != nil:
		return []codec.Format{mt.opts.codec}
	case len(mt.config.formats) > 0:
		return mt.config.formats
	}
	return []codec.Format{codec.JSON()}
}

// plain says that the messages are not protobuf's.
func (mt *method) plain() bool { return mt.in.formats != nil }

func kindName(k endpoint.StreamKind) string {
	switch k {
	case endpoint.ServerStream:
		return "ServerStream"
	case endpoint.ClientStream:
		return "ClientStream"
	case endpoint.Bidi:
		return "Bidi"
	}
	return "Unary"
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, mt := range b.methods {
		mt.stack = b.Operation(mt.field, mt.op, mt.op.Method, b.config.layers)
		if b.end == endpoint.ServerSide && mt.unset && !mt.opts.partial {
			b.Fault(mt.field.Path, errors.New("the endpoint is nil; set it, or give the method the option Partial"))
		}
	}
	b.Clashes()
}
