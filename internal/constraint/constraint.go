// Package constraint checks values against the rules in the tags of their types, which
// have the names and the meaning of JSON Schema, and calls the method Validate of the
// values that have one. All transports share it.
package constraint

import (
	"errors"
	"reflect"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Plan checks the values of one type. It is made once, and is safe for concurrent use.
type Plan struct {
	typ     reflect.Type
	check   check // nil if there are defaults alone
	presets []preset
	walks   sync.Pool // of *walk
}

// Options are how a type is used.
type Options struct {
	// Response has the rules of tags checked, but not whether an absent member keeps
	// them: a server writes all members.
	Response bool
	// Parameter returns the name of a field that is not part of the body, such as
	// "query:limit". It is asked for the fields of the type itself and of structs embedded
	// in it. It may be nil.
	Parameter func(sf reflect.StructField) (name string, ok bool)
	// Body reports whether a field is the whole body. It may be nil.
	Body func(sf reflect.StructField) bool
	// Mapped is for a type that is not what is read, but is made of it: its tags of other
	// libraries are its own affair, and an absent member has the value that it was given.
	Mapped bool
	// Defaults has [Plan.SetDefaults] set the defaults of members. Who sets them by other means
	// leaves it out.
	Defaults bool
	// Foreign are other rules in tags of the type. It may be nil.
	Foreign Foreign
}

// Foreign checks values by rules in tags that this package does not know.
type Foreign interface {
	// Tags returns the names of the tags.
	Tags() []string
	// Compile prepares to check values of type t, a struct that has these tags in its fields
	// or in those of structs embedded in it, which belong to it. The tags of other structs
	// within are checked by themselves. The function gets a pointer to a value.
	Compile(t reflect.Type) (check func(v any) []Fault, err error)
}

// A Fault is what is wrong with a field of a struct.
type Fault struct {
	Field  string // the name in Go
	Within string // a JSON pointer to a part of the field, or ""
	Detail string // for the caller
}

// Compile returns the plan for values of type t, or nil if none of them has a rule or a default.
// The faults name each wrong rule by its field.
func Compile(t reflect.Type, opts Options) (*Plan, []error) {
	c := newCompiler(t, opts)
	run := c.withRules(t, rules{}, "")
	c.finish()
	var presets []preset
	if opts.Defaults {
		presets = c.presets(t)
	}
	if len(c.faults) > 0 || run == nil && presets == nil {
		return nil, c.faults
	}
	p := &Plan{typ: t, check: run, presets: presets}
	p.walks.New = func() any { return new(walk) }
	return p, nil
}

// Check returns err, with which a Format read the value that v points to, together with
// what is wrong with what was read. The result is an error of codec.ErrInvalid, or err. A
// Plan that is nil has no rules.
func (p *Plan) Check(v any, err error) error {
	if p == nil || err != nil && !IsPartly(err) {
		return err
	}
	return p.Add(v, err)
}

// IsPartly reports whether a Format that failed with err has read what is valid.
func IsPartly(err error) bool {
	return errors.Is(err, codec.ErrInvalid) && mark.IsPartly(shell.CauseOf(err))
}

// Add is Check for an err, nil or one of codec.ErrInvalid, whose violations name all that
// was not read.
func (p *Plan) Add(v any, err error) error {
	if p == nil || p.check == nil {
		return err
	}
	var before []endpoint.Violation
	if err != nil {
		before = endpoint.ErrorOf(err).Violations()
		if isUnread(before) {
			return err
		}
	}
	w := p.walks.Get().(*walk)
	w.begin(len(before))
	p.check(w, reflect.ValueOf(v).UnsafePointer())
	found := w.found
	w.end()
	p.walks.Put(w)
	if len(found) == 0 {
		return err
	}
	all := before
	for _, v := range found {
		if len(all) < bounds.Faults && !isCovered(before, v) {
			all = append(all, v)
		}
	}
	if len(all) == len(before) {
		return err
	}
	return codec.ErrInvalid.WithViolations(all...).WithCause(shell.CauseOf(err))
}
