package netrpcx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Service is a user's pointer to a struct of endpoints, which describes itself to
// net/rpc by one method with a pointer receiver. The method names every endpoint of the
// struct once, by its address; it runs whenever the service is served, and whenever a
// client is made.
type Service interface {
	RPC(m *Methods)
}

// Methods is what a [Service] describes itself to: each of its methods is one of net/rpc.
// On a server it reads the field, on a client it writes it. Req and Resp are the types of
// the endpoint. A Methods is valid during the call of RPC: a zero one, and one that is
// used later, panic.
type Methods struct {
	build *build
}

// Method adds a method. Its name has the form "Service.Method"; another one is a construction
// error, and so is an endpoint with a stream.
func (m *Methods) Method[Req, Resp any](name string, e *endpoint.Endpoint[Req, Resp], opts ...MethodOption) {
	shell.Erase(e, &part{m, name, opts})
}

// Omit declares that the endpoint is not part of this transport: a server does not serve
// it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(m))
}

// open returns the description that m adds to.
func (m *Methods) open() *build {
	if m == nil || m.build == nil || m.build.described {
		panic("netrpcx: a Methods is valid during the call of the method RPC only")
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
	request  codec.Format // in JSON; nil in gob
	response codec.Format
	rules    *constraint.Plan // of requests
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

	described bool // the method RPC has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "netrpcx", Method: "RPC", Name: "net/rpc", NoMetadata: "net/rpc has no metadata for credentials"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.setDefaults()
	b.config.Apply(opts, func(o Option) { o.apply(&b.config) })
	b.Options(&b.config.Config)
	if !b.Walk(svc) {
		return b
	}
	svc.RPC(&Methods{build: b})
	b.complete()
	b.described = true
	return b
}

// Add plans the method of e.
func (p *part) Add(e *shell.Endpoint) {
	b := p.in.open()
	f, traits, ok := b.Describe(e, fmt.Sprintf("the method %q", p.name))
	if !ok {
		return
	}
	mt := &method{endpoint: e, name: p.name, field: f, config: &b.config}
	mt.opts.Traits = traits
	mt.opts.Apply(p.opts, func(o MethodOption) { o.applyMethod(&mt.opts) })
	b.config.Complete(&mt.opts.Traits)
	var clashes []error
	mt.op, clashes = mt.opts.NewOperation(f, b.end, mt.operation())
	for _, err := range slices.Concat(mt.opts.Faults, clashes, checkName(p.name), mt.plan(b.end)) {
		b.Fault(f.Path, err)
	}
	b.methods = append(b.methods, mt)
}

// operation returns what of the operation belongs to this transport alone.
func (mt *method) operation() endpoint.Operation {
	return endpoint.Operation{
		Transport: "netrpc", Method: mt.name, StatusOf: func(e *endpoint.Error) int { return int(e.Code()) },
		SizeOf: func(e *endpoint.Error, _ bool) int64 { return int64(len(problem.Text(e))) },
	}
}

func checkName(name string) []error {
	// net/rpc looks for the last dot.
	if dot := strings.LastIndexByte(name, '.'); dot <= 0 || dot == len(name)-1 || len(name) > maxName {
		return []error{fmt.Errorf("the name %q is not of the form Service.Method, or too long", name)}
	}
	return nil
}

// maxName is how long the name of a method may be.
const maxName = 1 << 10

// plan decides on the form of the messages.
func (mt *method) plan(end endpoint.Side) []error {
	var faults []error
	mt.rules, faults = service.Rules(service.Message{Type: mt.endpoint.Req}, service.Message{Type: mt.endpoint.Resp})
	for _, s := range []struct {
		name   string
		typ    reflect.Type
		format *codec.Format
		opts   codec.Options
	}{
		{"request", mt.endpoint.Req, &mt.request, codec.Options{AllowUnknown: mt.opts.AllowUnknown || end == endpoint.ClientSide, Partly: mt.rules != nil}},
		{"response", mt.endpoint.Resp, &mt.response, codec.Options{AllowUnknown: true, NullIsZero: true}},
	} {
		if _, ok := endpoint.StreamItem(s.typ); ok {
			return []error{errors.New("net/rpc has no streams; declare the endpoint absent with Omit")}
		}
		if err := mt.form(s.typ, s.format, s.opts); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	mt.request = mt.rules.Around(mt.request)
	return faults
}

// form prepares for messages of type t.
func (mt *method) form(t reflect.Type, format *codec.Format, opts codec.Options) (err error) {
	if !mt.config.json {
		return gobForm(t)
	}
	*format, err = codec.JSON().Compile(t, opts)
	return err
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, mt := range b.methods {
		mt.stack = b.Operation(mt.endpoint, mt.op, fmt.Sprintf("the method %q", mt.name), b.config.Layers, mt.opts.Partial)
	}
	b.Clashes()
}
