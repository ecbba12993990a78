package openapi

import (
	"reflect"
	"strings"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// operation returns the description of one route.
func (b *builder) operation(rt *route) *object {
	op := rt.Operation
	o := new(object).set("operationId", rt.id()).set("tags", list(op.Service))
	summary, description := op.Doc, ""
	if first, _, more := strings.Cut(op.Doc, "\n"); more {
		summary, description = strings.TrimSpace(first), op.Doc
	}
	if summary == "" {
		summary = rt.id()
	}
	o.set("summary", summary).setText("description", description)
	if len(rt.Request.Parameters) > 0 {
		var parameters []any
		for i := range rt.Request.Parameters {
			parameters = append(parameters, b.parameter(rt, &rt.Request.Parameters[i]))
		}
		o.set("parameters", parameters)
	}
	if rt.Request.Body != nil {
		o.set("requestBody", b.requestBody(rt))
	}
	return o.set("responses", b.responses(rt))
}

func (b *builder) parameter(rt *route, p *httpx.Parameter) *object {
	o := &object{}
	name := p.Name
	if p.In == "path" {
		name = rt.nameOf(name)
	}
	o.set("name", name).set("in", p.In)
	description := p.Field.Tag.Get("doc")
	if isRest(rt, p) {
		description = strings.TrimSpace(description + " It is the rest of the path, and may have slashes.")
	}
	o.setText("description", description)
	if p.Required {
		o.set("required", true)
	}
	if isRest(rt, p) && b.version != v31 {
		o.set("allowReserved", true)
	}
	schema, examples := b.value(rt.Request.Type, p.Field, read1)
	o.set("schema", schema)
	if examples != nil {
		o.set("examples", new(object).set("example", new(object).set("value", examples.([]any)[0])))
	}
	return o
}

func isRest(rt *route, p *httpx.Parameter) bool {
	if p.In != "path" {
		return false
	}
	for _, s := range rt.Segments {
		if s.Name == p.Name {
			return s.Rest
		}
	}
	return false
}

// value returns the schema of a field that is a parameter or a header, and its examples.
func (b *builder) value(owner reflect.Type, sf reflect.StructField, f form) (schema *object, examples any) {
	t := sf.Type
	if _, ok := scalar.Of(t); !ok && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	schema = b.of(t, use{form: f, text: true, rules: constraint.RulesOf(sf)})
	b.annotate(schema, owner, sf, f != sent, false)
	schema.remove("description")
	if examples, _ = schema.get("examples"); sf.Tag.Get("example") == "" {
		examples = nil
	} else {
		schema.remove("examples")
	}
	return schema, examples
}

func (b *builder) requestBody(rt *route) *object {
	body := rt.Request.Body
	o := &object{}
	if body.Field != nil {
		o.setText("description", body.Field.Tag.Get("doc"))
	}
	f := read1
	if body.AllowUnknown {
		f = lenient
	}
	isStream := isLines(body)
	content := &object{}
	for _, media := range body.Media {
		if isStream {
			content.set(media, b.lines(body, f))
			continue
		}
		content.set(media, b.media(body, media, f, requestTags))
	}
	o.set("content", content)
	return o.set("required", body.Required)
}

var (
	requestTags  = []string{"path", "query", "header", "cookie"}
	responseTags = []string{"header", "cookie", "status"}
)

// media returns the content of one media type.
func (b *builder) media(body *httpx.Body, media string, f form, hidden []string) *object {
	o := &object{}
	switch {
	case media == "application/x-www-form-urlencoded":
		return o.set("schema", b.form(body.Type, f))
	case media == "text/plain":
		return o.set("schema", b.of(body.Type, use{form: f, text: true, rules: rulesOf(body)}))
	case !isLikeJSON(media):
		return o // another form than that of JSON
	}
	return o.set("schema", b.body(body, f, hidden))
}

func rulesOf(body *httpx.Body) constraint.Rules {
	if body.Field == nil {
		return constraint.Rules{}
	}
	return constraint.RulesOf(*body.Field)
}

// body returns the schema of a body in JSON, or in a format with the same members.
func (b *builder) body(body *httpx.Body, f form, hidden []string) *object {
	t := body.Type
	if body.Field == nil && t.Kind() == reflect.Struct && hasAny(t, hidden) {
		return b.structure(t, use{form: f}, hidden)
	}
	o := b.of(t, use{form: f, rules: rulesOf(body)})
	if body.Field != nil {
		if text, ok := body.Field.Tag.Lookup("example"); ok {
			b.example(o, body.Type, *body.Field, text, false)
		}
	}
	return o
}

// hasAny reports whether a struct, or one that is embedded in it, has a field with a tag.
func hasAny(t reflect.Type, tags []string) bool {
	for _, sf := range reflect.VisibleFields(t) {
		if hasTag(sf, tags) {
			return true
		}
	}
	return false
}

// isLikeJSON reports whether a format writes a value as JSON does, by its media type.
func isLikeJSON(media string) bool {
	switch media {
	case "application/json", "application/cbor", "application/vnd.msgpack":
		return true
	}
	return strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+cbor")
}

// form returns the schema of a form, as codec.Form has it.
func (b *builder) form(t reflect.Type, f form) *object {
	o := typed("object")
	properties := &object{}
	var required []any
	b.fields(t, t, f, properties, &required)
	if len(properties.members) > 0 {
		o.set("properties", properties)
	}
	if len(required) > 0 {
		o.set("required", required)
	}
	if f == read1 {
		o.set("additionalProperties", false)
	}
	return o
}

func (b *builder) fields(root, t reflect.Type, f form, properties *object, required *[]any) {
	for sf := range t.Fields() {
		name, ok := sf.Tag.Lookup("form")
		if !ok {
			if sf.Type.Kind() == reflect.Struct && (sf.Anonymous || sf.Tag.Get("json") == ",embed") && sf.Tag.Get("json") != "-" {
				b.fields(root, sf.Type, f, properties, required)
			}
			continue
		}
		schema := b.of(behind(sf.Type), use{form: f, text: true, rules: constraint.RulesOf(sf)})
		b.annotate(schema, root, sf, true, false)
		properties.set(name, schema)
		if sf.Tag.Get("required") == "true" {
			*required = append(*required, name)
		}
	}
}

// behind returns the type behind a pointer or an Optional.
func behind(t reflect.Type) reflect.Type {
	if inner, ok := shape.InsideOptional(t); ok {
		return inner
	}
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
