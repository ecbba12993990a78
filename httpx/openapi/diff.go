package openapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/typedkit/endpoint/internal/jsonschema"
)

// A Change is one difference between two documents.
type Change struct {
	// Breaking reports whether a client that was written for the old document may fail.
	Breaking bool
	// Where is the operation and the place in it: "GET /rooms: response 200, at /name".
	Where string
	// What is the difference.
	What string
}

// String returns the change in one line.
func (c Change) String() string {
	kind := "harmless"
	if c.Breaking {
		kind = "breaking"
	}
	return kind + ": " + c.Where + ": " + c.What
}

// Diff returns the changes from one document to the next, both in JSON, in the order of the
// documents. A change is breaking if a server of the new document refuses requests that the old
// one allows, or sends responses that it does not allow: a rule of requests that became narrower,
// a member of responses that is no longer there. The names of schemas, the order of members and
// the texts for readers do not matter. A member that a response has in addition is harmless,
// because clients ignore it. Errors in addition are harmless, because every answer may be one.
//
// The error is one of a text that is not a document of OpenAPI 3, or that refers to what it does
// not have. Documents of this package and those of other tools can be compared.
func Diff(from, to []byte) ([]Change, error) {
	a, err := readDocument(from)
	if err != nil {
		return nil, fmt.Errorf("openapi: the old document: %w", err)
	}
	b, err := readDocument(to)
	if err != nil {
		return nil, fmt.Errorf("openapi: the new document: %w", err)
	}
	d := &differ{old: a, new: b, seen: map[comparison]bool{}}
	d.operations()
	return d.changes, errors.Join(a.fault, b.fault)
}

// A document is one that is compared.
type document struct {
	root  *jsonschema.Object
	fault error // the first reference that leads nowhere
}

func readDocument(text []byte) (*document, error) {
	v, err := jsonschema.Parse(text)
	if err != nil {
		return nil, err
	}
	root, ok := v.(*jsonschema.Object)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	if version := textAt(root, "openapi"); !strings.HasPrefix(version, "3.") {
		return nil, fmt.Errorf("its version is %q, not one of OpenAPI 3", version)
	}
	return &document{root: root}, nil
}

// maxReferences bounds how many references lead to one another.
const maxReferences = 64

// resolve returns what an object that may be a reference stands for. Members beside the
// reference are kept.
func (doc *document) resolve(o *jsonschema.Object) *jsonschema.Object {
	for range maxReferences {
		ref, ok := o.Get("$ref")
		if !ok {
			return o
		}
		target := doc.at(fmt.Sprint(ref))
		if target == nil {
			break
		}
		merged := jsonschema.Clone(target)
		for _, m := range o.Members {
			if m.Key != "$ref" {
				merged.Set(m.Key, m.Value)
			}
		}
		o = merged
	}
	if doc.fault == nil {
		ref, _ := o.Get("$ref")
		doc.fault = fmt.Errorf("openapi: the reference %q leads nowhere", ref)
	}
	return &jsonschema.Object{}
}

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

func (doc *document) at(ref string) *jsonschema.Object {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	at := doc.root
	for step := range strings.SplitSeq(path, "/") {
		v, _ := at.Get(unescaper.Replace(step))
		if at, ok = v.(*jsonschema.Object); !ok {
			return nil
		}
	}
	return at
}

func textAt(o *jsonschema.Object, key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

// objectAt returns the object at a key, or an empty one.
func objectAt(o *jsonschema.Object, key string) *jsonschema.Object {
	v, _ := o.Get(key)
	if c, ok := v.(*jsonschema.Object); ok {
		return c
	}
	return &jsonschema.Object{}
}

func objectsAt(o *jsonschema.Object, key string) []*jsonschema.Object {
	v, _ := o.Get(key)
	items, _ := v.([]any)
	var all []*jsonschema.Object
	for _, item := range items {
		if c, ok := item.(*jsonschema.Object); ok {
			all = append(all, c)
		}
	}
	return all
}

// differ collects the changes of a comparison.
type differ struct {
	old, new *document
	changes  []Change
	seen     map[comparison]bool // schemas that are being compared, or were
}

func (d *differ) add(breaking bool, where, format string, args ...any) {
	c := Change{breaking, where, fmt.Sprintf(format, args...)}
	if !slices.Contains(d.changes, c) {
		d.changes = append(d.changes, c)
	}
}

// A found operation is one of a document.
type operation struct {
	name string // for readers: "GET /rooms/{id}"
	key  string // without the names of the path's parameters
	item *jsonschema.Object
	op   *jsonschema.Object
	path []string // the names of the path's parameters
}

// operations returns the operations of a document in its order.
func (doc *document) operations() []operation {
	var all []operation
	for _, p := range objectAt(doc.root, "paths").Members {
		item, ok := p.Value.(*jsonschema.Object)
		if !ok {
			continue
		}
		item = doc.resolve(item)
		shape, names := pathShape(p.Key)
		add := func(method string, v any) {
			if op, ok := v.(*jsonschema.Object); ok {
				all = append(all, operation{method + " " + p.Key, method + " " + shape, item, op, names})
			}
		}
		for _, m := range item.Members {
			switch method := strings.ToUpper(m.Key); {
			case slices.Contains(fixed, method), method == "QUERY":
				add(method, m.Value)
			case m.Key == "additionalOperations", m.Key == "x-additionalOperations":
				if more, ok := m.Value.(*jsonschema.Object); ok {
					for _, m := range more.Members {
						add(m.Key, m.Value)
					}
				}
			}
		}
	}
	return all
}

// pathShape returns a path without the names of its parameters, and the names.
func pathShape(path string) (shape string, names []string) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), names
		}
		name, after, _ := strings.Cut(rest, "}")
		names = append(names, name)
		b.WriteString("{}")
		path = after
	}
}

func (d *differ) operations() {
	before, after := d.old.operations(), d.new.operations()
	for _, o := range before {
		i := slices.IndexFunc(after, func(n operation) bool { return n.key == o.key })
		if i < 0 {
			d.add(true, o.name, "the operation is gone")
			continue
		}
		d.operation(o, after[i])
	}
	for _, n := range after {
		if !slices.ContainsFunc(before, func(o operation) bool { return o.key == n.key }) {
			d.add(false, n.name, "a new operation")
		}
	}
}

func (d *differ) operation(o, n operation) {
	if a, b := textAt(o.op, "operationId"), textAt(n.op, "operationId"); a != b {
		d.add(false, o.name, "the operation id %q is now %q, by which generated clients name it", a, b)
	}
	if v, _ := n.op.Get("deprecated"); v == true {
		if v, _ := o.op.Get("deprecated"); v != true {
			d.add(false, o.name, "it is deprecated now")
		}
	}
	d.security(o, n)
	d.parameters(o, n)
	d.requestBody(o, n)
	d.responses(o, n)
}

// A found parameter is one with the name that it has among all of its kind.
type foundParameter struct {
	key    string
	name   string
	object *jsonschema.Object
}

func (doc *document) parameters(op operation) []foundParameter {
	var all []foundParameter
	for _, list := range [][]*jsonschema.Object{objectsAt(op.op, "parameters"), objectsAt(op.item, "parameters")} {
		for _, p := range list {
			p = doc.resolve(p)
			in, name := textAt(p, "in"), textAt(p, "name")
			key := in + ":" + name
			switch in {
			case "path":
				key = fmt.Sprint("path:", slices.Index(op.path, name))
			case "header":
				key = strings.ToLower(key)
			}
			if !slices.ContainsFunc(all, func(f foundParameter) bool { return f.key == key }) {
				all = append(all, foundParameter{key, in + " parameter " + name, p})
			}
		}
	}
	return all
}

func (d *differ) parameters(o, n operation) {
	before, after := d.old.parameters(o), d.new.parameters(n)
	for _, p := range before {
		where := o.name + ": " + p.name
		i := slices.IndexFunc(after, func(q foundParameter) bool { return q.key == p.key })
		if i < 0 {
			d.add(true, where, "it is gone")
			continue
		}
		d.required(where, p.object, after[i].object)
		d.schemas(request, where, "", objectAt(p.object, "schema"), objectAt(after[i].object, "schema"))
	}
	for _, q := range after {
		if slices.ContainsFunc(before, func(p foundParameter) bool { return p.key == q.key }) {
			continue
		}
		if required(q.object) {
			d.add(true, n.name+": "+q.name, "a new one, which is required")
		} else {
			d.add(false, n.name+": "+q.name, "a new one")
		}
	}
}

func required(o *jsonschema.Object) bool {
	v, _ := o.Get("required")
	return v == true
}

// required compares whether a part of a request must be there.
func (d *differ) required(where string, before, after *jsonschema.Object) {
	switch was, is := required(before), required(after); {
	case is && !was:
		d.add(true, where, "it is required now")
	case was && !is:
		d.add(false, where, "it is no longer required")
	}
}

func (d *differ) requestBody(o, n operation) {
	where := o.name + ": request body"
	switch was, is := o.op.Has("requestBody"), n.op.Has("requestBody"); {
	case !was && !is:
	case !was:
		body := d.new.resolve(objectAt(n.op, "requestBody"))
		d.add(required(body), where, "a new one")
	case !is:
		d.add(true, where, "it is gone")
	default:
		before, after := d.old.resolve(objectAt(o.op, "requestBody")), d.new.resolve(objectAt(n.op, "requestBody"))
		d.required(where, before, after)
		d.content(request, where, before, after)
	}
}

// content compares the media types of a body.
func (d *differ) content(dir direction, where string, before, after *jsonschema.Object) {
	was, is := objectAt(before, "content"), objectAt(after, "content")
	for _, m := range was.Members {
		if !is.Has(m.Key) {
			d.add(true, where, "the media type %s is gone", m.Key)
			continue
		}
		old, _ := m.Value.(*jsonschema.Object)
		if old == nil {
			continue
		}
		for _, key := range []string{"schema", "itemSchema", "x-itemSchema"} {
			if old.Has(key) && objectAt(is, m.Key).Has(key) {
				d.schemas(dir, where, "", objectAt(old, key), objectAt(objectAt(is, m.Key), key))
			}
		}
	}
	for _, m := range is.Members {
		if !was.Has(m.Key) {
			d.add(false, where, "a new media type %s", m.Key)
		}
	}
}

func (d *differ) responses(o, n operation) {
	before, after := objectAt(o.op, "responses"), objectAt(n.op, "responses")
	for _, m := range before.Members {
		where := o.name + ": response " + m.Key
		if !after.Has(m.Key) {
			d.add(isSuccess(m.Key), where, "it is gone")
			continue
		}
		was, is := d.old.resolve(objectAt(before, m.Key)), d.new.resolve(objectAt(after, m.Key))
		d.content(response, where, was, is)
		d.headers(where, objectAt(was, "headers"), objectAt(is, "headers"))
		d.errors(where, was, is)
	}
	for _, m := range after.Members {
		if !before.Has(m.Key) {
			d.add(isSuccess(m.Key), n.name+": response "+m.Key, "a new one")
		}
	}
}

func isSuccess(status string) bool {
	return strings.HasPrefix(status, "2") || strings.HasPrefix(status, "3")
}

func (d *differ) headers(where string, before, after *jsonschema.Object) {
	for _, m := range before.Members {
		at := where + ", header " + m.Key
		i := slices.IndexFunc(after.Members, func(h jsonschema.Member) bool { return strings.EqualFold(h.Key, m.Key) })
		if i < 0 {
			d.add(true, at, "it is gone")
			continue
		}
		was, is := d.old.resolve(objectAt(before, m.Key)), d.new.resolve(objectAt(after, after.Members[i].Key))
		d.schemas(response, at, "", objectAt(was, "schema"), objectAt(is, "schema"))
	}
	for _, m := range after.Members {
		if !slices.ContainsFunc(before.Members, func(h jsonschema.Member) bool { return strings.EqualFold(h.Key, m.Key) }) {
			d.add(false, where+", header "+m.Key, "a new one")
		}
	}
}

const problemMedia = "application/problem+json"

// errors compares the declared errors of a status, which are its examples.
func (d *differ) errors(where string, before, after *jsonschema.Object) {
	examples := func(o *jsonschema.Object) *jsonschema.Object {
		return objectAt(objectAt(objectAt(o, "content"), problemMedia), "examples")
	}
	was, is := examples(before), examples(after)
	for _, m := range was.Members {
		if !is.Has(m.Key) {
			d.add(false, where, "the error %s is gone", m.Key)
		}
	}
	for _, m := range is.Members {
		if !was.Has(m.Key) {
			d.add(false, where, "a new error %s", m.Key)
		}
	}
}
