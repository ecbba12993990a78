package service

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Transport has the names of a transport for the texts of faults.
type Transport struct {
	Package string // the package that reports the faults: "grpcx"
	Method  string // the method by which services describe themselves: "GRPC"
	Name    string // "gRPC"

	// NoMetadata is why no operation can require proof of who calls; empty if it can.
	NoMetadata string
}

// A Description is how a service describes itself to one transport, on one end: the
// endpoints that were described, and all the faults.
type Description struct {
	transport Transport
	end       endpoint.Side
	fields    *Fields
	done      map[unsafe.Pointer]bool // the fields that were described
	names     map[string]Field        // by operation
	places    map[string]Field        // by what the transport calls them
	fails     []*endpoint.Error
	facts     map[unsafe.Pointer][]*endpoint.Operation // of the fields, in the order of Describe
	omitted   []func()
	unbound   bool // see Config
	faults    []error
}

// NewDescription returns an empty description, to which Walk adds a service.
func NewDescription(t Transport, end endpoint.Side) *Description {
	return &Description{
		transport: t, end: end, fields: &Fields{},
		done: map[unsafe.Pointer]bool{}, names: map[string]Field{}, places: map[string]Field{},
		facts: map[unsafe.Pointer][]*endpoint.Operation{},
	}
}

// Fault adds a fault at a place, which may be empty.
func (d *Description) Fault(place string, err error) {
	if place != "" {
		err = fmt.Errorf("%s: %w", place, err)
	}
	d.faults = append(d.faults, fmt.Errorf("%s: %w", d.transport.Package, err))
}

// Err returns all faults, joined, or nil if there are none.
func (d *Description) Err() error { return errors.Join(d.faults...) }

// Type returns the name of the service's type.
func (d *Description) Type() string { return d.fields.Type }

// Options adds the faults of the options of this end.
func (d *Description) Options(c *Config) {
	d.unbound = c.Unbound
	for _, err := range c.Check(d.end) {
		d.Fault("", err)
	}
}

// Walk finds the endpoints of svc and its Facts. If it reports false, the struct has
// faults, and the method by which svc describes itself must not be called.
func (d *Description) Walk(svc any) bool {
	fields, faults := Walk(svc)
	d.fields = fields
	for _, err := range faults {
		d.Fault("", err)
	}
	if len(faults) > 0 {
		return false
	}
	if whole, ok := svc.(describer); ok {
		d.learn(whole)
		return true
	}
	// Go promotes the method of a part that is embedded alone. Without it, what a part
	// declares would be lost.
	for _, part := range fields.describers {
		d.Fault(part, fmt.Errorf("it has a method Describe, which nothing calls: give %s one that calls it", d.Type()))
	}
	return true
}

// describer is a service, or a part of one, that says Facts.
type describer interface{ Describe(f *endpoint.Facts) }

// learn keeps the facts of svc for Describe. It reports all their faults, even of an
// endpoint that is not part of the transport.
func (d *Description) learn(svc describer) {
	f := new(endpoint.Facts)
	svc.Describe(f)
	f.All(func(field any, op *endpoint.Operation, err error) bool {
		addr := reflect.ValueOf(field).UnsafePointer()
		place := d.factsPlace(addr)
		if err != nil {
			d.Fault(place, fmt.Errorf("Describe: %w", err))
		}
		declarable, faults := checkFails(op.Fails)
		for _, err := range faults {
			d.Fault(place, fmt.Errorf("Describe: Fails: %w", err))
		}
		op.Fails = declarable
		d.facts[addr] = append(d.facts[addr], op)
		return true
	})
}

// factsPlace returns the path of the field at addr, or the name of the service if
// there is none, which is a fault.
func (d *Description) factsPlace(addr unsafe.Pointer) string {
	f, ok := d.fields.Lookup(addr)
	switch {
	case ok:
		return f.Path
	case addr == nil:
		d.Fault(d.Type(), errors.New("Describe names a nil pointer"))
	default:
		d.Fault(d.Type(), errors.New("Describe names an endpoint that is not a field of the service; does it have a value receiver?"))
	}
	return d.Type()
}

// Target adds the faults of the target of a client. A target names its own place in
// its faults.
func (d *Description) Target(to any) {
	switch t := to.(type) {
	case nil:
		d.Fault("", errors.New("the target is nil"))
	case interface{ Err() error }:
		if err := t.Err(); err != nil {
			d.faults = append(d.faults, err)
		}
	}
}

// Describe marks the field of e as described, by the route or method where, and
// returns it with its Facts. ok is false if that is a fault.
func (d *Description) Describe(e *shell.Endpoint, where string) (f Field, t Traits, ok bool) {
	if e.Addr == nil {
		d.Fault(d.Type(), fmt.Errorf("%s describes a nil pointer", where))
		return f, t, false
	}
	f, ok = d.fields.Lookup(e.Addr)
	switch {
	case !ok:
		d.Fault(d.Type(), fmt.Errorf("%s describes an endpoint that is no field of the service; does its method %s have a value receiver?", where, d.transport.Method))
		return f, t, false
	case d.done[e.Addr]:
		d.Fault(f.Path, fmt.Errorf("%s describes it again", where))
		return f, t, false
	}
	d.done[e.Addr] = true
	for _, op := range d.facts[e.Addr] {
		t.Learn(op)
	}
	return f, t, true
}

// Omit marks the field of e as absent from the transport.
func (d *Description) Omit(e *shell.Endpoint) {
	f, _, ok := d.Describe(e, "Omit")
	if !ok {
		return
	}
	d.omitted = append(d.omitted, func() {
		e.SetError(endpoint.Errorf(endpoint.Unimplemented, "%s is not served over %s", f.Name, d.transport.Name))
	})
}

// SetOmitted sets the absent fields of a client to endpoints that fail.
func (d *Description) SetOmitted() {
	for _, set := range d.omitted {
		set()
	}
}

// Undescribed adds a fault for each field that was neither described nor omitted.
func (d *Description) Undescribed() {
	for _, addr := range d.fields.List {
		if f, _ := d.fields.Lookup(addr); !d.done[addr] {
			d.Fault(f.Path, errors.New("it is not described; describe it, or declare it absent with Omit"))
		}
	}
}

// Operation adds the operation of the field of e, and returns its layers, bound. No
// two operations may have the same place, such as "at GET /users". On a server the
// field must not be nil, unless partial is true.
func (d *Description) Operation(e *shell.Endpoint, op *endpoint.Operation, place string, layers endpoint.Stack, partial bool) endpoint.Stack {
	f, _ := d.fields.Lookup(e.Addr)
	name := op.Service + "." + op.Name
	if other, ok := d.names[name]; ok {
		d.Fault(f.Path, fmt.Errorf("it is the operation %s, as %s is; give one of them the option Named", name, other.Path))
	}
	d.names[name] = f
	if other, ok := d.places[place]; ok {
		d.Fault(f.Path, fmt.Errorf("it is %s, as %s is", place, other.Path))
	}
	d.places[place] = f
	if len(SameIdentities(op.Fails)) == 0 { // or they have been reported
		d.fails = append(d.fails, op.Fails...)
	}
	if why := d.transport.NoMetadata; why != "" && len(op.Requires) > 0 {
		d.Fault(f.Path, fmt.Errorf("it requires proof of who calls, but %s", why))
		return nil
	}
	stack, err := layers.Bind(d.bound(op))
	if err != nil {
		d.Fault(f.Path, fmt.Errorf("option Use: %w", err))
	}
	if d.end == endpoint.ServerSide && e.IsNil() && !partial {
		d.Fault(f.Path, ErrNil)
	}
	return stack
}

// bound returns the operation that layers are bound to.
func (d *Description) bound(op *endpoint.Operation) *endpoint.Operation {
	if !d.unbound {
		return op
	}
	open := *op
	open.Requires = nil
	return &open
}

// Clashes adds the faults of errors that two operations declare with different codes.
func (d *Description) Clashes() {
	// See decision 74.
	for _, err := range SameIdentities(d.fails) {
		d.Fault(d.Type(), err)
	}
}

// SameIdentities returns a fault for each error in fails whose code differs from that
// of an earlier one with the same identity.
func SameIdentities(fails []*endpoint.Error) []error {
	var faults []error
	codes := map[string]endpoint.Code{}
	for _, e := range fails {
		if code, ok := codes[Identity(e)]; ok && code != e.Code() {
			faults = append(faults, fmt.Errorf("option Fails: %s is declared with the codes %s and %s", Identity(e), code, e.Code()))
		}
		codes[Identity(e)] = e.Code()
	}
	return faults
}

// Identity returns the domain and the reason of e, which two errors that are the same
// have in common.
func Identity(e *endpoint.Error) string { return e.Domain() + "/" + e.Reason() }
