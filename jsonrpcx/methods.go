package jsonrpcx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Service is a user's pointer to a struct of endpoints, which describes itself to
// JSON-RPC by one method with a pointer receiver. The method names every endpoint of the
// struct once, by its address; it runs whenever the service is served, and whenever a
// client is made.
type Service interface {
	JSONRPC(m *Methods)
}

// Methods is what a [Service] describes itself to: each of its methods is one of JSON-RPC.
// On a server it reads the field, on a client it writes it. Req and Resp are the types of
// the endpoint. A Methods is valid during the call of JSONRPC: a zero one, and one that is
// used later, panic.
type Methods struct {
	build  *build
	prefix string
	opts   []MethodOption
}

// Method adds a method. A name that is empty or begins with "rpc.", which the specification
// reserves, is a construction error, and so is an endpoint with a stream.
func (m *Methods) Method[Req, Resp any](name string, e *endpoint.Endpoint[Req, Resp], opts ...MethodOption) {
	shell.Erase(e, &part{m, name, opts})
}

// Under returns Methods whose names begin with prefix, as "users.", with options for all of
// them, to describe a part of a service or a service within it.
func (m *Methods) Under(prefix string, opts ...MethodOption) *Methods {
	all := append(slices.Clone(m.opts), opts...)
	return &Methods{build: m.build, prefix: m.prefix + prefix, opts: all}
}

// Omit declares that the endpoint is not part of this transport: a server does not serve
// it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(m))
}

// open returns the description that m adds to.
func (m *Methods) open() *build {
	if m == nil || m.build == nil || m.build.described {
		panic("jsonrpcx: a Methods is valid during the call of the method JSONRPC only")
	}
	return m.build
}

// An omission adds endpoints that are not part of the transport.
type omission Methods

func (o *omission) Add(e *shell.Endpoint) { (*Methods)(o).open().Omit(e) }

// A part is a method before its endpoint is known.
type part struct {
	in   *Methods
	name string
	opts []MethodOption
}

// method is one method on one end.
type method struct {
	op       *endpoint.Operation
	endpoint *shell.Endpoint
	name     string // on the wire
	opts     methodConfig
	field    service.Field
	params   params
	result   codec.Format
	stack    endpoint.Stack
	config   *config

	serve endpoint.Endpoint[*exchange, endpoint.Empty] // of a server
}

// build is the description of one service while it is made, on one end.
type build struct {
	*service.Description
	end     endpoint.Side
	config  config
	methods []*method

	described bool // the method JSONRPC has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "jsonrpcx", Method: "JSONRPC", Name: "JSON-RPC"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.setDefaults()
	b.config.Apply(opts, func(o Option) { o.apply(&b.config) })
	b.Options(&b.config.Config)
	if !b.Walk(svc) {
		return b
	}
	svc.JSONRPC(&Methods{build: b})
	b.complete()
	b.described = true
	return b
}

// Add plans the method of e.
func (p *part) Add(e *shell.Endpoint) {
	m, b := p.in, p.in.open()
	name := m.prefix + p.name
	f, traits, ok := b.Describe(e, fmt.Sprintf("the method %q", name))
	if !ok {
		return
	}
	mt := &method{endpoint: e, name: name, field: f, config: &b.config}
	mt.opts.Traits = traits
	mt.opts.Apply(append(slices.Clone(m.opts), p.opts...), func(o MethodOption) { o.applyMethod(&mt.opts) })
	b.config.Complete(&mt.opts.Traits)
	var clashes []error
	mt.op, clashes = mt.opts.NewOperation(f, b.end, mt.operation())
	for _, err := range slices.Concat(mt.opts.Faults, clashes, checkName(p.name, name), mt.plan(b.end)) {
		b.Fault(f.Path, err)
	}
	b.methods = append(b.methods, mt)
}

// operation returns what of the operation belongs to this transport alone.
func (mt *method) operation() endpoint.Operation {
	return endpoint.Operation{
		Transport: "jsonrpc", Method: mt.name, StatusOf: mt.numberOf,
		SizeOf: func(e *endpoint.Error, _ bool) int64 { return int64(len(mt.appendFailure(nil, e, clientID))) },
	}
}

func checkName(own, full string) []error {
	switch {
	case own == "":
		return []error{errors.New("the name of the method is empty")}
	case strings.HasPrefix(full, "rpc."):
		return []error{fmt.Errorf("the method %q: names that begin with rpc. are reserved by the specification", full)}
	}
	return nil
}

// plan decides on the form of the messages.
func (mt *method) plan(end endpoint.Side) []error {
	req, resp := mt.endpoint.Req, mt.endpoint.Resp
	for _, t := range []reflect.Type{req, resp} {
		if _, ok := endpoint.StreamItem(t); ok {
			return []error{errors.New("JSON-RPC has no streams; declare the endpoint absent with Omit")}
		}
	}
	rules, faults := service.Rules(service.Message{Type: req}, service.Message{Type: resp})
	of := func(message string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", message, err))
		}
	}
	var err error
	mt.params, err = planParams(req, codec.Options{AllowUnknown: mt.opts.AllowUnknown || end == endpoint.ClientSide, Partly: rules != nil}, mt.opts.positional)
	mt.params.format = rules.Around(mt.params.format)
	of("request", err)
	mt.result, err = codec.JSON().Compile(resp, codec.Options{AllowUnknown: true, NullIsZero: true})
	of("response", err)
	if mt.opts.notification && !isEmpty(resp) {
		faults = append(faults, fmt.Errorf("option Notification: the response is %s, and a notification has none; use endpoint.Empty", resp))
	}
	return faults
}

func isEmpty(t reflect.Type) bool {
	return t == reflect.TypeFor[endpoint.Empty]() || t == reflect.TypeFor[*endpoint.Empty]()
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, mt := range b.methods {
		mt.stack = b.Operation(mt.endpoint, mt.op, fmt.Sprintf("the method %q", mt.name), b.config.Layers, mt.opts.Partial)
	}
	b.Clashes()
}
