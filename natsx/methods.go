package natsx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Service is a user's pointer to a struct of endpoints, which describes itself to NATS
// by one method with a pointer receiver. The method names every endpoint of the struct
// once, by its address. It runs whenever the service is registered, and whenever a client
// is made.
type Service interface {
	NATS(m *Methods)
}

// Methods is what a [Service] describes itself to. On a server it reads the field, on a
// client it sets it. Req and Resp are the types of the endpoint. A Methods is valid during
// the call of NATS: a zero one, and one that is used later, panic.
type Methods struct {
	build  *build
	prefix string
	opts   []MethodOption
}

// Under returns a Methods that puts a prefix before the subjects, and sets options for all
// of them, before their own: m.Under("addsvc.").
func (m *Methods) Under(prefix string, opts ...MethodOption) *Methods {
	return &Methods{m.open(), m.prefix + prefix, slices.Concat(m.opts, opts)}
}

// Method adds an endpoint with one request and one response, whose requests are sent to
// subject: "addsvc.sum". A subject has two or more tokens and no wildcard. All but the
// last token are the name of the queue group.
func (m *Methods) Method[Req, Resp any](subject string, e *endpoint.Endpoint[Req, Resp], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.Unary, subject, opts})
}

// ServerStream adds an endpoint whose response is a stream. T is the type of an item.
func (m *Methods) ServerStream[Req, T any](subject string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], opts ...MethodOption) {
	shell.Erase(e, &part{m, endpoint.ServerStream, subject, opts})
}

// Omit declares that the endpoint is not part of this transport: a server does not serve
// it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(m))
}

// open returns the description that m adds to.
func (m *Methods) open() *build {
	if m == nil || m.build == nil || m.build.described {
		panic("natsx: a Methods is valid during the call of the method NATS only")
	}
	return m.build
}

// An omission adds endpoints that are not part of the transport.
type omission Methods

func (o *omission) Add(e *shell.Endpoint) { (*Methods)(o).open().Omit(e) }

// A part is a method before its endpoint is known.
type part struct {
	in      *Methods
	kind    endpoint.StreamKind
	subject string
	opts    []MethodOption
}

// method is one endpoint on one end.
type method struct {
	op       *endpoint.Operation
	endpoint *shell.Endpoint
	subject  string
	opts     methodConfig
	field    service.Field
	in, out  []format     // of the request, and of the response or its items
	item     reflect.Type // of the response or its items
	stack    endpoint.Stack
	config   *config

	unary  endpoint.Endpoint[*exchange, endpoint.Empty] // of a server
	stream endpoint.Endpoint[*exchange, endpoint.Stream[any]]
}

// build is the description of one service while it is made, on one end.
type build struct {
	*service.Description
	end     endpoint.Side
	config  config
	methods []*method

	described bool // the method NATS has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "natsx", Method: "NATS", Name: "NATS"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.setDefaults()
	b.config.Apply(opts, func(o Option) { o.apply(&b.config) })
	b.Options(&b.config.Config)
	if !b.Walk(svc) {
		return b
	}
	svc.NATS(&Methods{build: b})
	b.complete()
	b.described = true
	return b
}

// Add plans the method of e.
func (p *part) Add(e *shell.Endpoint) {
	b, subject := p.in.open(), p.in.prefix+p.subject
	f, traits, ok := b.Describe(e, subject)
	if !ok {
		return
	}
	mt := &method{endpoint: e, subject: subject, field: f, config: &b.config, item: e.Resp}
	mt.opts.setDefaults(traits)
	mt.opts.Apply(slices.Concat(p.in.opts, p.opts), func(o MethodOption) { o.applyMethod(&mt.opts) })
	b.config.Complete(&mt.opts.Traits)
	var clashes []error
	mt.op, clashes = mt.opts.NewOperation(f, b.end, endpoint.Operation{
		Transport: "nats", Method: subject, Streams: p.kind,
		StatusOf: statusOf,
		SizeOf:   func(e *endpoint.Error, _ bool) int64 { return int64(len(appendError(nil, e))) },
	})
	faults := slices.Concat(mt.opts.Faults, clashes)
	if err := checkSubject(subject); err != nil {
		faults = append(faults, err)
	}
	for _, err := range append(faults, mt.plan(b.end)...) {
		b.Fault(f.Path, err)
	}
	b.methods = append(b.methods, mt)
}

// plan prepares the formats for the types of the messages.
func (mt *method) plan(end endpoint.Side) []error {
	if _, ok := endpoint.StreamItem(mt.endpoint.Req); ok {
		return []error{errors.New("the request is a Stream, which NATS does not carry; omit the endpoint")}
	}
	item, streams := endpoint.StreamItem(mt.endpoint.Resp)
	switch {
	case mt.op.Streams == endpoint.ServerStream:
		mt.item = item
	case streams:
		return []error{errors.New("the response is a Stream; use ServerStream")}
	}
	rules, faults := service.Rules(service.Message{Type: mt.endpoint.Req}, service.Message{Type: mt.item})
	sides := []struct {
		name string
		to   *[]format
		typ  reflect.Type
		opts codec.Options
	}{
		{"request", &mt.in, mt.endpoint.Req, codec.Options{AllowUnknown: mt.opts.AllowUnknown || end == endpoint.ClientSide, Partly: rules != nil}},
		{"response", &mt.out, mt.item, codec.Options{AllowUnknown: true, NullIsZero: true}},
	}
	for _, s := range sides {
		compiled, errs := compile(mt.formats(), s.typ, s.opts)
		*s.to = compiled
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	for i := range mt.in {
		mt.in[i].Format = rules.Around(mt.in[i].Format)
	}
	return faults
}

func (mt *method) formats() []codec.Format {
	if mt.opts.codec != nil {
		return []codec.Format{mt.opts.codec}
	}
	return mt.config.Formats()
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, mt := range b.methods {
		mt.stack = b.Operation(mt.endpoint, mt.op, mt.subject, b.config.Layers, mt.opts.Partial)
	}
	b.Clashes()
}
