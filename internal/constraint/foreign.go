package constraint

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/typedkit/endpoint/internal/bounds"
)

// foreignTags are those of other libraries, which would be ignored in silence.
var foreignNames = []string{"validate", "binding"}

// foreignOf returns the tags of other libraries that a field has.
func foreignOf(sf reflect.StructField) []string {
	var found []string
	for _, name := range foreignNames {
		if v, ok := sf.Tag.Lookup(name); ok && v != "-" {
			found = append(found, name)
		}
	}
	return found
}

// hasForeign reports whether a field has a tag that Foreign knows.
func (c *compiler) hasForeign(sf reflect.StructField) bool {
	return c.opts.Foreign != nil && slices.ContainsFunc(c.opts.Foreign.Tags(), func(name string) bool {
		_, ok := sf.Tag.Lookup(name)
		return ok
	})
}

// foreignTags adds a fault for each unread tag of another library.
func (c *compiler) foreignTags(sf reflect.StructField, at place) {
	if c.opts.Mapped || c.hasForeign(sf) {
		return
	}
	for _, name := range foreignOf(sf) {
		hint := ""
		if strings.Contains(sf.Tag.Get(name), "required") {
			hint = `; required:"true" is read`
		}
		c.fault(at, "nothing reads the tag %s, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it%s", name, hint)
	}
}

// foreign returns the check of a struct by the rules that Foreign knows, or nil.
func (c *compiler) foreign(t reflect.Type, at place) check {
	if c.opts.Foreign == nil || !slices.ContainsFunc(reflect.VisibleFields(t), c.hasForeign) {
		return nil
	}
	run, err := c.opts.Foreign.Compile(t)
	if err != nil {
		c.fault(at, "%w", err)
		return nil
	}
	places := c.places(t)
	return func(w *walk, p unsafe.Pointer) {
		if w.zero {
			return
		}
		for _, f := range run(reflect.NewAt(t, p).Interface()) {
			at := w.enter()
			w.path[at] = places[f.Field]
			w.failAt(f.Within, bounds.Line(f.Detail))
			w.leave()
		}
	}
}

// places returns the steps to the fields of a struct, by their names in Go.
func (c *compiler) places(t reflect.Type) map[string]step {
	o := &object{typ: t}
	all := map[string]step{}
	for _, sf := range reflect.VisibleFields(t) {
		all[sf.Name] = c.stepOf(o, sf)
	}
	return all
}
