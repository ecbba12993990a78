package openapi

import (
	"slices"

	"github.com/typedkit/endpoint/httpx"
)

// isLines reports whether a body is a stream of lines.
func isLines(body *httpx.Body) bool { return slices.Contains(body.Media, "application/x-ndjson") }

// lines returns the content of a request stream: an item in JSON on each line.
func (b *builder) lines(body *httpx.Body, f form) *object {
	item := b.of(body.Type, use{form: f})
	if b.version != v31 {
		return new(object).set("itemSchema", item)
	}
	return new(object).set("schema", typed("string").set("description", "A stream: the JSON of an item on each line. The schema of an item is x-itemSchema.")).
		set("x-itemSchema", item)
}

// events returns the content of a response stream: server-sent events. 3.1 has no words for
// the events of a stream, so they are in an extension there.
func (b *builder) events(body *httpx.Body) *object {
	data := func(schema *object) *object {
		return typed("string").set("contentMediaType", "application/json").set("contentSchema", schema)
	}
	event := func(title, name string, schema *object) *object {
		properties := &object{}
		if name != "" {
			properties.set("event", new(object).set("const", name))
		}
		if title == "item" {
			properties.set("id", typed("string"))
		}
		if name == "error" {
			properties.set("retry", typed("integer").set("minimum", 0))
		}
		properties.set("data", data(schema))
		o := typed("object").set("title", title).set("properties", properties)
		if name == "" {
			return o.set("required", list("data"))
		}
		return o.set("required", list("event", "data"))
	}
	item := new(object).set("anyOf", list(
		event("item", "", b.of(body.Type, use{form: sent})),
		event("end", "end", typed("object")),
		event("error", "error", problemReference()),
	))
	if b.version != v31 {
		return new(object).set("itemSchema", item)
	}
	return new(object).set("schema", typed("string").
		set("description", "Server-sent events. The data of an event without a name is an item in JSON; the event end ends the stream, and the event error ends it with a problem. The schema of an event is x-itemSchema.")).
		set("x-itemSchema", item)
}
