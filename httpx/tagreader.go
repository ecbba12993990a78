package httpx

import (
	"errors"
	"reflect"

	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/service"
)

// A TagReader checks values by rules in tags of another library. The module httpx/playground
// has one.
type TagReader interface {
	// Tags returns the names of the tags, such as "validate". A field with one of them is
	// not a construction error.
	Tags() []string
	// Compile prepares the check of values of type t, a struct that has such tags in its
	// fields or in those of structs embedded in it. The tags of other structs within are
	// checked by themselves. The check gets a pointer to a value, and is safe for concurrent
	// use. The error is a construction error.
	Compile(t reflect.Type) (check func(v any) []TagFault, err error)
}

// A TagFault is what a [TagReader] finds wrong with a field.
type TagFault struct {
	Field  string // the name of the field in Go
	Within string // a JSON pointer to a part of the field, such as "/0"; empty for the field itself
	Detail string // what is wrong, for the caller
}

// ReadTags checks requests by the rules in the tags that r reads, beside the rules in the tags
// of JSON Schema. Its faults are in the same answer, at the same places. A struct is checked by
// r when its own tags find nothing wrong with it, and before its method Validate. Documents do
// not have the rules.
//
// It is for both ends: a client does not check, but without it such tags are a construction
// error there as well. The last ReadTags counts. A nil r is a construction error.
func ReadTags(r TagReader) Option {
	return option(func(c *service.Config) {
		if service.IsNil(r) {
			c.Fault("option ReadTags: %w", errors.New("the reader is nil"))
			return
		}
		c.Foreign = foreignTags{r}
	})
}

// foreignTags is a TagReader for package constraint.
type foreignTags struct{ TagReader }

func (f foreignTags) Compile(t reflect.Type) (check func(v any) []constraint.Fault, err error) {
	run, err := f.TagReader.Compile(t)
	if err != nil {
		return nil, err
	}
	return func(v any) []constraint.Fault {
		var all []constraint.Fault
		for _, fault := range run(v) {
			all = append(all, constraint.Fault(fault))
		}
		return all
	}, nil
}
