package thriftx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Service is a user's pointer to a struct of endpoints, which describes itself to Thrift
// by one method with a pointer receiver. The method names every endpoint of the struct
// once, by its address; it runs whenever the service is registered, and whenever a client
// is made.
type Service interface {
	Thrift(m *Methods)
}

// Methods is what a [Service] describes itself to: each of its methods is one of the
// Thrift service. On a server it reads the field, on a client it writes it. A Methods is
// valid during the call of Thrift: a zero one, and one that is used later, panic.
type Methods struct{ build *build }

// Method adds the method of the IDL with this name, letter by letter. The name is
// "Service:method" for a peer that multiplexes services. Req and Resp are the types of the
// endpoint, A and R those of the generated structs of the arguments and of the result.
// Streams have no form in Thrift.
func (m *Methods) Method[Req, Resp any, A, R thrift.TStruct](name string, e *endpoint.Endpoint[Req, Resp], args Mapping[Req, A], result ResultMapping[Resp, R], opts ...MethodOption) {
	shell.Erase(e, &part{m, name, formOf(args.form, "arguments"), formOf(result.form, "result"), opts})
}

// Oneway adds a oneway method of the IDL: its caller learns only that the request was
// sent. Errors of the handler are for layers and hooks.
func (m *Methods) Oneway[Req any, A thrift.TStruct](name string, e *endpoint.Endpoint[Req, endpoint.Empty], args Mapping[Req, A], opts ...MethodOption) {
	shell.Erase(e, &part{m, name, formOf(args.form, "arguments"), nil, opts})
}

// Omit declares that the endpoint is not part of this transport: a server does not serve
// it, and on a client it fails with the code Unimplemented.
func (m *Methods) Omit[Req, Resp any](e *endpoint.Endpoint[Req, Resp]) {
	shell.Erase(e, (*omission)(m))
}

// open returns the description that m adds to.
func (m *Methods) open() *build {
	if m == nil || m.build == nil || m.build.described {
		panic("thriftx: a Methods is valid during the call of the method Thrift only")
	}
	return m.build
}

// An omission adds endpoints that are not part of the transport.
type omission Methods

func (o *omission) Add(e *shell.Endpoint) { (*Methods)(o).open().Omit(e) }

// A part is a method before its endpoint is known.
type part struct {
	in     *Methods
	name   string
	args   *form
	result *form // nil for a oneway method
	opts   []MethodOption
}

// A method is one of a service on one end.
type method struct {
	op       *endpoint.Operation
	endpoint *shell.Endpoint
	name     string // on the wire
	opts     methodConfig
	field    service.Field
	args     *form
	result   *form // nil for a oneway method
	stack    endpoint.Stack
	config   *config
	dialect  dialect          // of the server
	rules    *constraint.Plan // of requests

	serve endpoint.Endpoint[*exchange, endpoint.Empty] // of a server
}

func (mt *method) isOneway() bool { return mt.result == nil }

// build is the description of one service while it is made, on one end.
type build struct {
	*service.Description
	end     endpoint.Side
	config  config
	methods []*method

	described bool // the method Thrift has returned
}

func newBuild(end endpoint.Side, svc Service, opts []Option) *build {
	describing := service.Transport{Package: "thriftx", Method: "Thrift", Name: "Thrift"}
	b := &build{Description: service.NewDescription(describing, end), end: end}
	b.config.Apply(opts, func(o Option) { o.apply(&b.config) })
	b.Options(&b.config.Config)
	if !b.Walk(svc) {
		return b
	}
	svc.Thrift(&Methods{build: b})
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
	mt := &method{endpoint: e, name: p.name, field: f, args: p.args, result: p.result, config: &b.config}
	mt.opts.Traits = traits
	mt.opts.Apply(slices.Clone(p.opts), func(o MethodOption) { o.applyMethod(&mt.opts) })
	b.config.Complete(&mt.opts.Traits)
	var clashes []error
	mt.op, clashes = mt.opts.NewOperation(f, b.end, endpoint.Operation{
		Transport: "thrift", Method: p.name,
		StatusOf: func(e *endpoint.Error) int { return int(e.Code()) },
		SizeOf:   mt.sizeOf,
	})
	rules, wrong := service.Rules(service.Message{Type: e.Req, Mapped: true}, service.Message{Type: e.Resp, Mapped: true})
	mt.rules = rules
	for _, err := range slices.Concat(mt.opts.Faults, clashes, p.check(e), wrong) {
		b.Fault(f.Path, err)
	}
	b.methods = append(b.methods, mt)
}

// checkMetadata adds a fault for each method that requires proof of who calls, if the
// protocol has no metadata for it. Which protocol a pool speaks is not known; its servers
// refuse calls without credentials.
func (b *build) checkMetadata(d dialect) {
	for _, mt := range b.methods {
		if len(mt.op.Requires) > 0 && d.protocol != Header {
			b.Fault(mt.field.Path, fmt.Errorf("it requires proof of who calls, but the protocol %v has no metadata for credentials; use Speak(Header)", d.protocol))
		}
	}
}

// check returns what is wrong with the method by itself.
func (p *part) check(e *shell.Endpoint) []error {
	var faults []error
	if p.name == "" || len(p.name) > maxName || strings.ContainsFunc(p.name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		faults = append(faults, fmt.Errorf("%q is not a name of a method", p.name))
	}
	for what, t := range map[string]bool{"request": isStream(e.Req), "response": isStream(e.Resp)} {
		if t {
			faults = append(faults, fmt.Errorf("the %s is a Stream, which Thrift has no form for", what))
		}
	}
	if p.args.err != nil {
		faults = append(faults, p.args.err)
	}
	if p.result != nil && p.result.err != nil {
		faults = append(faults, p.result.err)
	}
	return faults
}

// complete finds what the description as a whole lacks or has twice.
func (b *build) complete() {
	b.Undescribed()
	for _, mt := range b.methods {
		mt.stack = b.Operation(mt.endpoint, mt.op, fmt.Sprintf("the method %q", mt.name), b.config.Layers, mt.opts.Partial)
	}
	b.Clashes()
}
