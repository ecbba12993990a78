// Package service finds the endpoints in a user's struct, and what is wrong with
// their description, for all transports.
package service

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/typedkit/endpoint"
)

// A Field is one endpoint of a service.
type Field struct {
	Path    string // from the service's type: "Strings.Upper", "Gateway.Users.Get"
	Service string // the type that declares the field
	Name    string // of the field
}

// A Fields is the set of a service's endpoints by their addresses, which is how
// a description method names them.
type Fields struct {
	Type   string // the name of the service's type
	List   []unsafe.Pointer
	byAddr map[unsafe.Pointer]Field

	describers []string // the paths of structs in the service with a method Describe
}

// Lookup returns the field at addr.
func (f *Fields) Lookup(addr unsafe.Pointer) (Field, bool) {
	field, ok := f.byAddr[addr]
	return field, ok
}

// Walk returns the endpoints of svc, a non-nil pointer to a struct: its own
// fields, and those of embedded and named structs and of non-nil pointers to
// structs. Faults name what is wrong with the struct.
func Walk(svc any) (*Fields, []error) {
	v := reflect.ValueOf(svc)
	if !v.IsValid() || v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return &Fields{Type: fmt.Sprintf("%T", svc)}, []error{fmt.Errorf("%T is no pointer to a struct of endpoints", svc)}
	}
	w := &walker{
		fields:  &Fields{Type: typeName(v.Elem().Type()), byAddr: map[unsafe.Pointer]Field{}},
		has:     map[reflect.Type]bool{},
		visited: map[unsafe.Pointer]bool{v.UnsafePointer(): true},
	}
	w.structure(v.Elem(), w.fields.Type)
	if len(w.fields.List) == 0 && len(w.faults) == 0 {
		w.faults = append(w.faults, fmt.Errorf("%s has no field of type endpoint.Endpoint", w.fields.Type))
	}
	return w.fields, w.faults
}

type walker struct {
	fields  *Fields
	has     map[reflect.Type]bool   // whether endpoints are in a type
	visited map[unsafe.Pointer]bool // structs behind pointers
	faults  []error
}

func (w *walker) structure(v reflect.Value, path string) {
	t := v.Type()
	if reflect.PointerTo(t).Implements(reflect.TypeFor[describer]()) {
		w.fields.describers = append(w.fields.describers, path)
	}
	for i := range t.NumField() {
		w.field(v.Field(i), t, t.Field(i), path+"."+t.Field(i).Name)
	}
}

func (w *walker) field(v reflect.Value, owner reflect.Type, sf reflect.StructField, path string) {
	switch {
	case isEndpoint(sf.Type):
		w.endpoint(v, owner, sf, path)
	case sf.Type.Kind() == reflect.Struct && w.hasEndpoints(sf.Type):
		w.structure(v, path)
	case sf.Type.Kind() == reflect.Pointer && sf.Type.Elem().Kind() == reflect.Struct && w.hasEndpoints(sf.Type.Elem()):
		if v.IsNil() {
			w.faults = append(w.faults, fmt.Errorf("%s is a nil pointer to a struct of endpoints", path))
			return
		}
		if w.visited[v.UnsafePointer()] {
			w.faults = append(w.faults, fmt.Errorf("%s points to a struct that is in the service already", path))
			return
		}
		w.visited[v.UnsafePointer()] = true
		w.structure(v.Elem(), path)
	}
}

func (w *walker) endpoint(v reflect.Value, owner reflect.Type, sf reflect.StructField, path string) {
	addr := v.Addr().UnsafePointer()
	if _, twice := w.fields.byAddr[addr]; twice {
		w.faults = append(w.faults, fmt.Errorf("%s is in the service already, by another pointer", path))
		return
	}
	for _, t := range []reflect.Type{sf.Type.In(1), sf.Type.Out(0)} {
		if inner := streamInside(t, map[reflect.Type]bool{}); inner != "" {
			w.faults = append(w.faults, fmt.Errorf("%s: %s is a Stream inside a message; a Stream is a whole request or response", path, inner))
		}
	}
	w.fields.List = append(w.fields.List, addr)
	w.fields.byAddr[addr] = Field{Path: path, Service: typeName(owner), Name: sf.Name}
}

func (w *walker) hasEndpoints(t reflect.Type) bool {
	has, ok := w.has[t]
	if !ok {
		has = leadsToEndpoint(t, map[reflect.Type]bool{})
		w.has[t] = has
	}
	return has
}

// leadsToEndpoint looks through t, a struct, and those in it. Of a type that was
// seen it does not tell the whole truth, only that there is no need to go there
// again: nothing but the answer for the first type may be kept.
func leadsToEndpoint(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	for field := range t.Fields() {
		f := field.Type
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		if isEndpoint(f) || f.Kind() == reflect.Struct && leadsToEndpoint(f, seen) {
			return true
		}
	}
	return false
}

var rootPath = reflect.TypeFor[endpoint.Empty]().PkgPath()

// HasEndpoints reports whether t, a struct, has fields that are endpoints, itself or in the
// structs that its fields are or point to.
func HasEndpoints(t reflect.Type) bool { return leadsToEndpoint(t, map[reflect.Type]bool{}) }

func isEndpoint(t reflect.Type) bool {
	return t.Kind() == reflect.Func && t.PkgPath() == rootPath && strings.HasPrefix(t.Name(), "Endpoint[")
}

// streamInside returns the path of a Stream in t, a message, or "".
func streamInside(t reflect.Type, seen map[reflect.Type]bool) string {
	if _, ok := endpoint.StreamItem(t); ok {
		t, _ = endpoint.StreamItem(t)
		if _, again := endpoint.StreamItem(t); again {
			return "the item"
		}
	}
	if seen[t] {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return streamAt(t.Elem(), typeName(t.Elem()), seen)
	case reflect.Struct:
		for field := range t.Fields() {
			if at := streamAt(field.Type, typeName(t)+"."+field.Name, seen); at != "" {
				return at
			}
		}
	}
	return ""
}

func streamAt(t reflect.Type, at string, seen map[reflect.Type]bool) string {
	if _, ok := endpoint.StreamItem(t); ok {
		return at
	}
	return streamInside(t, seen)
}

// typeName returns the name of a type without its package and type arguments.
func typeName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	if name == "" {
		return t.String()
	}
	return name
}
