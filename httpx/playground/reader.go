package playground

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
	"github.com/typedkit/endpoint/httpx"
)

// New returns the reader of a tag, "validate" or "binding", whose rules are those of
// go-playground/validator. It is for httpx.ReadTags, on both ends.
//
// Each setup is called with the validator, to register validations of one's own for example.
// Its error, an unknown validation and one that does not fit its field are construction errors.
// The validator has the option WithRequiredStructEnabled. A struct within another one is checked
// by its own tags wherever it is: in a member, behind a pointer, and in a slice or a map, with
// the word dive or without it. Dive is for items that are not structs.
//
// The rule required of the validator asks for a value that is not zero. The tag required:"true"
// of httpx asks that the member is there; it may be zero. A field may have both.
func New(tag string, setup ...func(v *validator.Validate) error) httpx.TagReader {
	r := &reader{tag: tag, validate: validator.New(validator.WithRequiredStructEnabled())}
	if tag == "" {
		r.err = errors.New("playground: the name of the tag is empty")
		return r
	}
	r.validate.SetTagName(tag)
	for _, f := range setup {
		if f == nil {
			r.err = errors.Join(r.err, errors.New("playground: a nil setup"))
			continue
		}
		if err := f(r.validate); err != nil {
			r.err = errors.Join(r.err, fmt.Errorf("playground: setup: %w", err))
		}
	}
	return r
}

type reader struct {
	tag      string
	validate *validator.Validate
	err      error // of New
}

// Tags returns the name of the tag.
func (r *reader) Tags() []string { return []string{r.tag} }

// Compile prepares the check of values of t.
func (r *reader) Compile(t reflect.Type) (check func(v any) []httpx.TagFault, err error) {
	if r.err != nil {
		return nil, r.err
	}
	c := &checked{validate: r.validate, fields: map[string]string{}}
	if t.Name() != "" {
		c.prefix = t.Name() + "."
	}
	c.add(t, "")
	if err := c.try(t); err != nil {
		return nil, err
	}
	return c.check, nil
}

// checked checks values of one type.
type checked struct {
	validate *validator.Validate
	prefix   string            // of the names that the validator gives fields
	fields   map[string]string // the names of fields in Go, by those names without the prefix
}

// add adds the fields of t, a struct that is the value itself or embedded in it.
func (c *checked) add(t reflect.Type, path string) {
	for sf := range t.Fields() {
		c.fields[path+sf.Name] = sf.Name
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			c.add(sf.Type, path+sf.Name+".")
		}
	}
}

// try checks two values, one of them with something in all pointers and lists, because the
// validator panics at what is wrong with a tag.
func (c *checked) try(t reflect.Type) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("playground: %s: %v", t, p)
		}
	}()
	c.check(reflect.New(t).Interface())
	full := reflect.New(t)
	fill(full.Elem(), 0)
	c.check(full.Interface())
	return nil
}

// fill puts something into the pointers, lists and maps of v.
func fill(v reflect.Value, depth int) {
	if depth > 4 || !v.CanSet() && v.Kind() != reflect.Struct {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
	case reflect.Struct:
		for _, f := range v.Fields() {
			fill(f, depth+1)
		}
	}
}

// check returns what is wrong with the value that v points to.
func (c *checked) check(v any) []httpx.TagFault {
	err := c.validate.StructFiltered(v, c.isOther)
	found, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return nil
	}
	faults := make([]httpx.TagFault, 0, len(found))
	for _, f := range found {
		field, within := c.place(strings.TrimPrefix(f.StructNamespace(), c.prefix))
		faults = append(faults, httpx.TagFault{Field: field, Within: within, Detail: detail(f)})
	}
	return faults
}

// isOther reports whether a field is one of a struct that is checked by itself.
func (c *checked) isOther(name []byte) bool {
	_, ok := c.fields[strings.TrimPrefix(string(name), c.prefix)]
	return !ok
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1", "][", "/")

// place returns the field of a name such as "Base.Tags[0]", and a pointer to the part of it.
func (c *checked) place(name string) (field, within string) {
	at, part, found := strings.Cut(name, "[")
	field = c.fields[at]
	if !found {
		return field, ""
	}
	return field, "/" + escaper.Replace(strings.TrimSuffix(part, "]"))
}
