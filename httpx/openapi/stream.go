package openapi

import (
	"slices"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
)

// isLines reports whether a body is a stream of lines.
func isLines(body *httpx.Body) bool { return slices.Contains(body.Media, "application/x-ndjson") }

// lines returns the content of a request stream: an item in JSON on each line.
func (b *builder) lines(body *httpx.Body, f jsonschema.Form) *jsonschema.Object {
	item := b.Of(body.Type, jsonschema.Use{Form: f})
	if b.version != v31 {
		return new(jsonschema.Object).Set("itemSchema", item)
	}
	return new(jsonschema.Object).Set("schema", jsonschema.Typed("string").Set("description", "A stream: the JSON of an item on each line. The schema of an item is x-itemSchema.")).
		Set("x-itemSchema", item)
}

// events returns the content of a response stream: server-sent events. 3.1 has no words for
// the events of a stream, so they are in an extension there.
func (b *builder) events(body *httpx.Body) *jsonschema.Object {
	data := func(schema *jsonschema.Object) *jsonschema.Object {
		return jsonschema.Typed("string").Set("contentMediaType", "application/json").Set("contentSchema", schema)
	}
	event := func(title, name string, schema *jsonschema.Object) *jsonschema.Object {
		properties := &jsonschema.Object{}
		if name != "" {
			properties.Set("event", new(jsonschema.Object).Set("const", name))
		}
		if title == "item" {
			properties.Set("id", jsonschema.Typed("string"))
		}
		if name == "error" {
			properties.Set("retry", jsonschema.Typed("integer").Set("minimum", 0))
		}
		properties.Set("data", data(schema))
		o := jsonschema.Typed("object").Set("title", title).Set("properties", properties)
		if name == "" {
			return o.Set("required", jsonschema.List("data"))
		}
		return o.Set("required", jsonschema.List("event", "data"))
	}
	item := new(jsonschema.Object).Set("anyOf", jsonschema.List(
		event("item", "", b.Of(body.Type, jsonschema.Use{Form: jsonschema.Sent})),
		event("end", "end", jsonschema.Typed("object")),
		event("error", "error", problemReference()),
	))
	if b.version != v31 {
		return new(jsonschema.Object).Set("itemSchema", item)
	}
	return new(jsonschema.Object).Set("schema", jsonschema.Typed("string").
		Set("description", "Server-sent events. The data of an event without a name is an item in JSON; the event end ends the stream, and the event error ends it with a problem. The schema of an event is x-itemSchema.")).
		Set("x-itemSchema", item)
}
