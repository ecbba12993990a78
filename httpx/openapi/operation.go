package openapi

import (
	"reflect"
	"strings"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/jsonschema"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// operation returns the description of one route.
func (b *builder) operation(rt *route) *jsonschema.Object {
	op := rt.Operation
	o := new(jsonschema.Object).Set("operationId", rt.id()).Set("tags", jsonschema.List(op.Service))
	summary, description := op.Doc, ""
	if first, _, more := strings.Cut(op.Doc, "\n"); more {
		summary, description = strings.TrimSpace(first), op.Doc
	}
	if summary == "" {
		summary = rt.id()
	}
	o.Set("summary", summary).SetText("description", description)
	if op.Deprecated {
		o.Set("deprecated", true)
	}
	if len(rt.Request.Parameters) > 0 {
		var parameters []any
		for i := range rt.Request.Parameters {
			parameters = append(parameters, b.parameter(rt, &rt.Request.Parameters[i]))
		}
		o.Set("parameters", parameters)
	}
	if rt.Request.Body != nil {
		o.Set("requestBody", b.requestBody(rt))
	}
	o.Set("responses", b.responses(rt))
	if security := b.security.of(op); security != nil {
		o.Set("security", security)
	}
	return o
}

func (b *builder) parameter(rt *route, p *httpx.Parameter) *jsonschema.Object {
	o := &jsonschema.Object{}
	name := p.Name
	if p.In == "path" {
		name = rt.nameOf(name)
	}
	o.Set("name", name).Set("in", p.In)
	description := p.Field.Tag.Get("doc")
	if isRest(rt, p) {
		description = strings.TrimSpace(description + " It is the rest of the path, and may have slashes.")
	}
	o.SetText("description", description)
	if p.Required {
		o.Set("required", true)
	}
	if isRest(rt, p) && b.version != v31 {
		o.Set("allowReserved", true)
	}
	schema, examples := b.value(rt.Request.Type, p.Field, jsonschema.Strict)
	if schema.Has("deprecated") {
		schema.Remove("deprecated")
		o.Set("deprecated", true)
	}
	o.Set("schema", schema)
	named := b.parameterExamples(rt, p, false)
	if examples != nil {
		named.Set("example", new(jsonschema.Object).Set("value", examples.([]any)[0]))
	}
	if len(named.Members) > 0 {
		o.Set("examples", named)
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
func (b *builder) value(owner reflect.Type, sf reflect.StructField, f jsonschema.Form) (schema *jsonschema.Object, examples any) {
	t := sf.Type
	if _, ok := scalar.Of(t); !ok && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	schema = b.Of(t, jsonschema.Use{Form: f, Text: true, Rules: constraint.RulesOf(sf)})
	b.Annotate(schema, owner, sf, f != jsonschema.Sent, false)
	schema.Remove("description")
	if examples, _ = schema.Get("examples"); sf.Tag.Get("example") == "" {
		examples = nil
	} else {
		schema.Remove("examples")
	}
	return schema, examples
}

func (b *builder) requestBody(rt *route) *jsonschema.Object {
	body := rt.Request.Body
	o := &jsonschema.Object{}
	if body.Field != nil {
		o.SetText("description", body.Field.Tag.Get("doc"))
	}
	f := jsonschema.Strict
	if body.AllowUnknown {
		f = jsonschema.Lenient
	}
	isStream := isLines(body)
	content := &jsonschema.Object{}
	for _, media := range body.Media {
		if isStream {
			content.Set(media, b.lines(body, f))
			continue
		}
		content.Set(media, b.withExamples(b.media(body, media, f, requestTags), rt, body, media, false))
	}
	o.Set("content", content)
	return o.Set("required", body.Required)
}

var (
	requestTags  = []string{"path", "query", "header", "cookie"}
	responseTags = []string{"header", "cookie", "status"}
)

// media returns the content of one media type.
func (b *builder) media(body *httpx.Body, media string, f jsonschema.Form, hidden []string) *jsonschema.Object {
	o := &jsonschema.Object{}
	switch {
	case media == "application/x-www-form-urlencoded":
		return o.Set("schema", b.form(body.Type, f))
	case media == "text/plain":
		return o.Set("schema", b.Of(body.Type, jsonschema.Use{Form: f, Text: true, Rules: rulesOf(body)}))
	case !isLikeJSON(media):
		return o // another form than that of JSON
	}
	return o.Set("schema", b.body(body, f, hidden))
}

func rulesOf(body *httpx.Body) constraint.Rules {
	if body.Field == nil {
		return constraint.Rules{}
	}
	return constraint.RulesOf(*body.Field)
}

// body returns the schema of a body in JSON, or in a format with the same members.
func (b *builder) body(body *httpx.Body, f jsonschema.Form, hidden []string) *jsonschema.Object {
	t := body.Type
	if body.Field == nil && t.Kind() == reflect.Struct && hasAny(t, hidden) {
		return b.Structure(t, jsonschema.Use{Form: f}, hidden)
	}
	o := b.Of(t, jsonschema.Use{Form: f, Rules: rulesOf(body)})
	if body.Field != nil {
		if text, ok := body.Field.Tag.Lookup("example"); ok {
			b.Example(o, body.Type, *body.Field, text, false)
		}
	}
	return o
}

// hasAny reports whether a struct, or one that is embedded in it, has a field with a tag.
func hasAny(t reflect.Type, tags []string) bool {
	for _, sf := range reflect.VisibleFields(t) {
		if jsonschema.HasTag(sf, tags) {
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
func (b *builder) form(t reflect.Type, f jsonschema.Form) *jsonschema.Object {
	o := jsonschema.Typed("object")
	properties := &jsonschema.Object{}
	var required []any
	b.fields(t, t, f, properties, &required)
	if len(properties.Members) > 0 {
		o.Set("properties", properties)
	}
	if len(required) > 0 {
		o.Set("required", required)
	}
	if f == jsonschema.Strict {
		o.Set("additionalProperties", false)
	}
	return o
}

func (b *builder) fields(root, t reflect.Type, f jsonschema.Form, properties *jsonschema.Object, required *[]any) {
	for sf := range t.Fields() {
		name, ok := sf.Tag.Lookup("form")
		if !ok {
			if sf.Type.Kind() == reflect.Struct && (sf.Anonymous || sf.Tag.Get("json") == ",embed") && sf.Tag.Get("json") != "-" {
				b.fields(root, sf.Type, f, properties, required)
			}
			continue
		}
		schema := b.Of(behind(sf.Type), jsonschema.Use{Form: f, Text: true, Rules: constraint.RulesOf(sf)})
		b.Annotate(schema, root, sf, true, false)
		properties.Set(name, schema)
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
