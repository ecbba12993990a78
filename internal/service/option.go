package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/shell"
)

// Faults collects what is wrong with options.
type Faults []error

// Fault adds a fault. The format is that of fmt.Errorf.
func (f *Faults) Fault(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Apply calls apply with each option. A nil option is a fault. O is the type of an
// option, an interface.
func (f *Faults) Apply[O comparable](opts []O, apply func(o O)) {
	for _, o := range opts {
		if o == *new(O) {
			f.Fault("a nil option")
			continue
		}
		apply(o)
	}
}

// A Config is what the options of one end set on any transport.
type Config struct {
	Faults

	Layers  endpoint.Stack
	Hooks   shell.Hooks
	Reading *Budget            // of the bytes of requests; see SetReadBudget
	Timeout time.Duration      // of a shell.Client
	Foreign constraint.Foreign // rules in tags of other libraries; nil: none
	Unbound bool               // no call is made, so no layer need send what operations require
	formats []codec.Format
	named   string
	needs   []endpoint.Needs // that all operations require
	server  []string         // names of the options given that are for servers
	client  []string         // names of the options given that are for clients
}

// Use adds layers.
func (c *Config) Use(layers []endpoint.Layer) { c.Layers = append(c.Layers, layers...) }

// SetFormats replaces the formats.
func (c *Config) SetFormats(formats []codec.Format) {
	if len(formats) == 0 || slices.Contains(formats, nil) {
		c.Fault("option Formats: no format, or a nil one")
		return
	}
	c.formats = slices.Clone(formats)
}

// Formats returns the formats. The default is JSON alone.
func (c *Config) Formats() []codec.Format {
	if len(c.formats) == 0 {
		return []codec.Format{codec.JSON()}
	}
	return c.formats
}

// HasFormats reports whether an option set the formats.
func (c *Config) HasFormats() bool { return len(c.formats) > 0 }

// SetName sets the name of the service whose operations have no name of their own.
func (c *Config) SetName(name string) {
	if name == "" {
		c.Fault("option Named: the name is empty")
		return
	}
	c.named = name
}

// HasName reports whether an option set the name.
func (c *Config) HasName() bool { return c.named != "" }

// Complete sets in t what holds for all operations: the name of the service, unless t has
// one, and who may call, unless t is public.
func (c *Config) Complete(t *Traits) {
	t.named = cmp.Or(t.named, c.named)
	if !t.public {
		t.needs = both(t.needs, c.needs)
	}
}

// AddRequired makes all operations require one of anyOf.
func (c *Config) AddRequired(anyOf []endpoint.Requirement) {
	c.needs = c.required(c.needs, anyOf)
}

// required returns needs with one of anyOf in addition.
func (f *Faults) required(needs []endpoint.Needs, anyOf []endpoint.Requirement) []endpoint.Needs {
	op := endpoint.Operation{Requires: needs}
	if err := op.Require(anyOf...); err != nil {
		f.Fault("option Requires: %w", err)
	}
	return op.Requires
}

// both returns the alternatives of two requirements, which are checked, together.
func both(a, b []endpoint.Needs) []endpoint.Needs {
	op := endpoint.Operation{Requires: a}
	all := make([]endpoint.Requirement, len(b))
	for i, needs := range b {
		all[i] = needs
	}
	if len(all) > 0 {
		_ = op.Require(all...)
	}
	return op.Requires
}

// AddHook adds an error hook.
func (c *Config) AddHook(f func(ctx context.Context, err error)) {
	c.OnlyServer("ErrorHook")
	if f == nil {
		c.Fault("option ErrorHook: the function is nil")
		return
	}
	c.Hooks = append(c.Hooks, f)
}

// SetReadBudget sets how many bytes of requests are held while the rest is waited for.
func (c *Config) SetReadBudget(bytes int64) {
	c.OnlyServer("ReadBudget")
	if bytes <= 0 {
		c.Fault("option ReadBudget: %d bytes, want a positive number", bytes)
		return
	}
	c.Reading = NewBudget(bytes)
}

// SetTimeout sets how long an exchange without a deadline may take.
func (c *Config) SetTimeout(d time.Duration) {
	c.OnlyClient("CallTimeout")
	if d <= 0 {
		c.Fault("option CallTimeout: the time must be positive, got %v; NoCallTimeout sets no bound", d)
		return
	}
	c.Timeout = d
}

// NoTimeout removes the bound on an exchange without a deadline.
func (c *Config) NoTimeout() {
	c.OnlyClient("NoCallTimeout")
	c.Timeout = -1
}

// OnlyServer records that an option was given that is for servers.
func (c *Config) OnlyServer(name string) { c.server = append(c.server, name) }

// OnlyClient records that an option was given that is for clients.
func (c *Config) OnlyClient(name string) { c.client = append(c.client, name) }

// Check returns the faults of the options of one end. An option that is for the other
// end is one.
func (c *Config) Check(end endpoint.Side) []error {
	others, side := c.server, "servers"
	if end == endpoint.ServerSide {
		others, side = c.client, "clients"
	}
	faults := slices.Clone(c.Faults)
	for _, name := range others {
		faults = append(faults, fmt.Errorf("option %s is for %s", name, side))
	}
	return faults
}

// Traits are what the options of one operation set on any transport, together with
// what the service declares in its Facts.
type Traits struct {
	Faults

	Fails        []*endpoint.Error
	Idempotent   bool
	Doc          string
	Deprecated   bool
	Partial      bool
	AllowUnknown bool
	named        string
	public       bool
	facts, needs []endpoint.Needs // that Facts and options require
}

// AddRequired makes the operation require one of anyOf, in addition to what it requires.
func (t *Traits) AddRequired(anyOf []endpoint.Requirement) {
	t.needs = t.required(t.needs, anyOf)
}

// SetPublic drops what options have required so far.
func (t *Traits) SetPublic() { t.public, t.needs = true, nil }

// AddFails declares errors, each once.
func (t *Traits) AddFails(errs []*endpoint.Error) {
	declarable, faults := checkFails(errs)
	for _, err := range faults {
		t.Fault("option Fails: %w", err)
	}
	t.declare(declarable)
}

func (t *Traits) declare(errs []*endpoint.Error) {
	for _, e := range errs {
		if !slices.Contains(t.Fails, e) {
			t.Fails = append(t.Fails, e)
		}
	}
}

// checkFails returns those of errs that an operation can declare, and why it cannot
// declare the others.
func checkFails(errs []*endpoint.Error) (declarable []*endpoint.Error, faults []error) {
	for _, e := range errs {
		switch {
		case e == nil:
			faults = append(faults, errors.New("a nil error"))
		case e.Domain() == "" || e.Reason() == "":
			faults = append(faults, fmt.Errorf("%q has no identity; declare it with endpoint.Define", e.Error()))
		default:
			declarable = append(declarable, e)
		}
	}
	return declarable, faults
}

// Learn adds the facts in op, whose errors can be declared.
func (t *Traits) Learn(op *endpoint.Operation) {
	t.declare(op.Fails)
	t.Idempotent = t.Idempotent || op.Idempotent
	t.Deprecated = t.Deprecated || op.Deprecated
	t.facts = both(t.facts, op.Requires)
	if op.Doc != "" {
		t.Doc = op.Doc
	}
}

// SetName sets the name of the service that the operation belongs to.
func (t *Traits) SetName(name string) {
	if name == "" {
		t.Fault("option Named: the name is empty")
		return
	}
	t.named = name
}

// NewOperation returns the operation of a field with these traits, and the faults
// of the errors that it declares. op holds what belongs to the transport alone.
func (t *Traits) NewOperation(f Field, side endpoint.Side, op endpoint.Operation) (*endpoint.Operation, []error) {
	op.Side = side
	op.Service, op.Name = cmp.Or(t.named, f.Service), f.Name
	op.Idempotent = op.Idempotent || t.Idempotent
	op.Fails, op.Doc, op.Deprecated = t.Fails, t.Doc, t.Deprecated
	op.Requires = both(t.facts, t.needs)
	return &op, SameIdentities(t.Fails)
}

// RequireErrors returns the errors of calls whose caller does not prove what an operation
// requires.
func RequireErrors(op *endpoint.Operation) []*endpoint.Error {
	if len(op.Requires) == 0 {
		return nil
	}
	errs := []*endpoint.Error{endpoint.ErrUnauthenticated}
	scoped := func(n endpoint.Need) bool { return len(n.Scopes) > 0 }
	if slices.ContainsFunc(op.Requires, func(all endpoint.Needs) bool { return slices.ContainsFunc(all, scoped) }) {
		errs = append(errs, endpoint.ErrScopeMissing)
	}
	return errs
}

// ErrNil is the fault of a nil endpoint that a server should serve.
var ErrNil = errors.New("the endpoint is nil; set it, or give it the option Partial")

// IsNil reports whether v is nil or a nil pointer.
func IsNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}
