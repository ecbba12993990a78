package grpcx

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
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
// GRPC: a zero one, and one that is used later, panic.
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
		b := m.open()
		b.Fault(b.Type(), fmt.Errorf("%q is not a name of a gRPC service", name))
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
	shell.EraseValues(e, &part{m, endpoint.Unary, name, nil, opts})
}

// UnaryAs adds a method whose request and response are of the domain's own types
// and go as messages of protobuf. PReq and PResp are the types of those.
func (m *Methods) UnaryAs[Req, Resp any, PReq, PResp proto.Message](name string, e *endpoint.Endpoint[Req, Resp], req Mapping[Req, PReq], resp Mapping[Resp, PResp], opts ...MethodOption) {
	shell.EraseReused(e, &part{m, endpoint.Unary, name, &mappings{req.form, resp.form}, opts})
}

// ServerStream adds a method whose response is a stream. T is the type of an
// item.
func (m *Methods) ServerStream[Req, T any](name string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.ServerStream, name, nil, opts})
}

// ServerStreamAs is ServerStream for types of the domain's own. PReq and PT are
// the types of the messages.
func (m *Methods) ServerStreamAs[Req, T any, PReq, PT proto.Message](name string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], req Mapping[Req, PReq], item Mapping[T, PT], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.ServerStream, name, &mappings{req.form, item.form}, opts})
}

// ClientStream adds a method whose request is a stream. T is the type of an
// item.
func (m *Methods) ClientStream[T, Resp any](name string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.ClientStream, name, nil, opts})
}

// ClientStreamAs is ClientStream for types of the domain's own. PT and PResp are
// the types of the messages.
func (m *Methods) ClientStreamAs[T, Resp any, PT, PResp proto.Message](name string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], item Mapping[T, PT], resp Mapping[Resp, PResp], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.ClientStream, name, &mappings{item.form, resp.form}, opts})
}

// Bidi adds a method whose request and response are streams that flow at the
// same time. In and Out are the types of the items.
func (m *Methods) Bidi[In, Out any](name string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.Bidi, name, nil, opts})
}

// BidiAs is Bidi for types of the domain's own. PIn and POut are the types of
// the messages.
func (m *Methods) BidiAs[In, Out any, PIn, POut proto.Message](name string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], in Mapping[In, PIn], out Mapping[Out, POut], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.Bidi, name, &mappings{in.form, out.form}, opts})
}

// Omit declares that the endpoint is not part of this transport: a server does
// not serve it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(m))
}

// open returns the description that m adds to.
func (m *Methods) open() *build {
	if m == nil || m.build == nil || m.build.described {
		panic("grpcx: a Methods is valid during the call of the method GRPC only")
	}
	return m.build
}

// An omission adds endpoints that are not part of the transport.
type omission Methods

func (o *omission) Add(e *shell.Endpoint) { (*Methods)(o).open().Omit(e) }

// A part is a method before its endpoint is known.
type part struct {
	in       *Methods
	kind     endpoint.StreamKind
	name     string
	mappings *mappings // nil: the values are messages, or plain
	opts     []MethodOption
}

// mappings are the forms of the Mappings of a request and a response, or of their
// items. A zero Mapping has none.
type mappings struct{ in, out *form }

// forms returns the forms of the messages of e.
func (p *part) forms(e *shell.Endpoint) (in, out *form) {
	req, resp := e.Req, e.Resp
	if p.kind&endpoint.ClientStream != 0 {
		req, _ = endpoint.StreamItem(req)
	}
	if p.kind&endpoint.ServerStream != 0 {
		resp, _ = endpoint.StreamItem(resp)
	}
	if p.mappings != nil {
		return ofMapping(p.mappings.in, req), ofMapping(p.mappings.out, resp)
	}
	return direct(req), direct(resp)
}

// method is one method of a gRPC service on one end.
type method struct {
	op            *endpoint.Operation
	endpoint      *shell.Endpoint
	service, name string // on the wire
	opts          methodConfig
	field         service.Field
	in, out       *form
	stack         endpoint.Stack
	config        *config

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

	described bool // the method GRPC has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "grpcx", Method: "GRPC", Name: "gRPC"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.Apply(opts, func(o Option) { o.apply(&b.config) })
	b.Options(&b.config.Config)
	if !b.Walk(svc) {
		return b
	}
	svc.GRPC(&Methods{build: b})
	b.complete()
	b.described = true
	return b
}

// Add plans the method of e.
func (p *part) Add(e *shell.Endpoint) {
	m, b := p.in, p.in.open()
	full := "/" + m.service + "/" + p.name
	f, traits, ok := b.Describe(e, full)
	if !ok {
		return
	}
	mt := &method{endpoint: e, service: m.service, name: p.name, field: f, config: &b.config}
	mt.in, mt.out = p.forms(e)
	mt.opts.Traits, mt.opts.sendTimeout = traits, DefaultSendTimeout
	mt.opts.Apply(append(slices.Clone(m.opts), p.opts...), func(o MethodOption) { o.applyMethod(&mt.opts) })
	var clashes []error
	b.config.Complete(&mt.opts.Traits)
	mt.op, clashes = mt.opts.NewOperation(f, b.end, endpoint.Operation{
		Transport: "grpc", Method: full, Streams: p.kind,
		StatusOf: func(e *endpoint.Error) int { return int(e.Code()) },
		SizeOf:   func(e *endpoint.Error, _ bool) int64 { return int64(proto.Size(statusOf(e).Proto())) },
	})
	faults := slices.Concat(mt.opts.Faults, clashes)
	if m.service == "" {
		faults = append(faults, fmt.Errorf("the method %q belongs to no service; call Service first", p.name))
	}
	if !validMethod.MatchString(p.name) {
		faults = append(faults, fmt.Errorf("%q is not a name of a method", p.name))
	}
	for _, err := range append(faults, mt.plan(b.end)...) {
		b.Fault(f.Path, err)
	}
	e.ByValue = p.kind == endpoint.Unary && mt.in.message != nil && !mt.in.isMapped()
	b.methods = append(b.methods, mt)
}

// plan decides on the form of the messages.
func (mt *method) plan(end endpoint.Side) []error {
	var faults []error
	sides := []struct {
		name string
		form *form
		opts codec.Options
	}{
		{"request", mt.in, codec.Options{AllowUnknown: mt.opts.AllowUnknown || end == endpoint.ClientSide}},
		{"response", mt.out, codec.Options{AllowUnknown: true, NullIsZero: true}},
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
	mt.in.rules, faults = service.Rules(service.Message{Type: mt.in.typ, Mapped: mt.in.isMapped()}, service.Message{Type: mt.out.typ, Mapped: mt.out.isMapped()})
	if len(faults) > 0 {
		return faults
	}
	sides[0].opts.Partly = mt.in.rules != nil
	if mt.opts.codec == nil && mt.in.message != nil && mt.out.message != nil {
		return mt.matchDescriptor()
	}
	if mt.opts.codec == nil && (mt.in.message != nil || mt.out.message != nil) {
		return []error{fmt.Errorf("the request is %s and the response %s: one is a message of protobuf, the other is not; map the other with %sAs", mt.in.typ, mt.out.typ, kindName(mt.op.Streams))}
	}
	if mt.in.isMapped() {
		return []error{errors.New("option Codec: messages that are mapped are protobuf's")}
	}
	if mt.opts.codec == nil {
		faults = append(faults, mt.checkPlain()...)
	}
	for _, s := range sides {
		compiled, errs := compile(mt.formats(), s.form.typ, s.opts)
		s.form.formats, s.form.message = compiled, nil
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	for i := range mt.in.formats {
		mt.in.formats[i].Format = mt.in.rules.Around(mt.in.formats[i].Format)
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
	if mt.opts.codec != nil {
		return []codec.Format{mt.opts.codec}
	}
	return mt.config.Formats()
}

// plain reports whether the messages are not protobuf's.
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
		mt.stack = b.Operation(mt.endpoint, mt.op, mt.op.Method, b.config.Layers, mt.opts.Partial)
	}
	b.Clashes()
}
