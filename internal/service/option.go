package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/shell"
)

// Faults are the faults of options.
type Faults []error

// Fault adds a fault. The format is that of fmt.Errorf.
func (f *Faults) Fault(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Apply calls apply with each of the options, of which a nil one is a fault. O is
// the type of an option, an interface.
func (f *Faults) Apply[O comparable](opts []O, apply func(o O)) {
	for _, o := range opts {
		if o == *new(O) {
			f.Fault("a nil option")
			continue
		}
		apply(o)
	}
}

// A Config is what the options of one end set, on every transport.
type Config struct {
	Faults

	Layers  endpoint.Stack
	Hooks   shell.Hooks
	formats []codec.Format
	server  []string // options that only a server has
	client  []string // options that only a client has
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

// Formats returns the formats, which are JSON alone by default.
func (c *Config) Formats() []codec.Format {
	if len(c.formats) == 0 {
		return []codec.Format{codec.JSON()}
	}
	return c.formats
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

// OnlyServer notes that an option was given that only a server has.
func (c *Config) OnlyServer(name string) { c.server = append(c.server, name) }

// OnlyClient notes that an option was given that only a client has.
func (c *Config) OnlyClient(name string) { c.client = append(c.client, name) }

// Traits are what the options of one operation set, on every transport, and what
// the service says of it in its Facts.
type Traits struct {
	Faults

	Fails        []*endpoint.Error
	Idempotent   bool
	Doc          string
	Partial      bool
	AllowUnknown bool
	named        string
}

// AddFails declares errors, each once.
func (t *Traits) AddFails(errs []*endpoint.Error) {
	for _, e := range errs {
		switch {
		case e == nil:
			t.Fault("option Fails: a nil error")
		case e.Domain() == "" || e.Reason() == "":
			t.Fault("option Fails: %q has no identity; declare it with endpoint.Define", e.Error())
		case !slices.Contains(t.Fails, e):
			t.Fails = append(t.Fails, e)
		}
	}
}

// Learn adds the facts that op has.
func (t *Traits) Learn(op *endpoint.Operation) {
	t.AddFails(op.Fails)
	t.Idempotent = t.Idempotent || op.Idempotent
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

// NewOperation returns the operation of a field with these traits, and what is
// wrong with the errors that it declares. op has what is the transport's own.
func (t *Traits) NewOperation(f Field, side endpoint.Side, op endpoint.Operation) (*endpoint.Operation, []error) {
	op.Side = side
	op.Service, op.Name = f.Service, f.Name
	if t.named != "" {
		op.Service = t.named
	}
	op.Idempotent = op.Idempotent || t.Idempotent
	op.Fails, op.Doc = t.Fails, t.Doc
	return &op, SameIdentities(t.Fails)
}

// ErrNil is the fault of an endpoint that a server is to serve and that is nil.
var ErrNil = errors.New("the endpoint is nil; set it, or give it the option Partial")
