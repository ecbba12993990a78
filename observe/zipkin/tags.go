package zipkin

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Tags that are not attributes of the span, by OpenTelemetry's rules for other formats. A
// tag "error" is how Zipkin knows that a span has failed.
const (
	errorKey          = "error"
	statusKey         = "otel.status_code"
	scopeName         = "otel.scope.name"
	scopeVersion      = "otel.scope.version"
	droppedAttributes = "otel.dropped_attributes_count"
	droppedEvents     = "otel.dropped_events_count"
	droppedLinks      = "otel.dropped_links_count"
)

// tags returns the attributes of s as texts, with its status and scope.
func tags(s sdktrace.ReadOnlySpan) map[string]string {
	t := make(map[string]string, len(s.Attributes())+4)
	for _, kv := range s.Attributes() {
		t[string(kv.Key)] = kv.Value.String()
	}
	delete(t, errorKey) // Zipkin would take any value for a failure, even false
	switch status := s.Status(); status.Code {
	case codes.Error:
		t[statusKey], t[errorKey] = "ERROR", status.Description
	case codes.Ok:
		t[statusKey] = "OK"
	}
	if scope := s.InstrumentationScope(); scope.Name != "" {
		t[scopeName] = scope.Name
		if scope.Version != "" {
			t[scopeVersion] = scope.Version
		}
	}
	count(t, droppedAttributes, s.DroppedAttributes())
	count(t, droppedEvents, s.DroppedEvents())
	count(t, droppedLinks, s.DroppedLinks())
	return t
}

// count sets a tag to n, unless n is 0.
func count(tags map[string]string, key string, n int) {
	if n > 0 {
		tags[key] = strconv.Itoa(n)
	}
}

// annotations returns events as Zipkin has them: a time and a text.
func annotations(events []sdktrace.Event) []annotation {
	if len(events) == 0 {
		return nil
	}
	list := make([]annotation, len(events))
	for i, e := range events {
		list[i] = annotation{e.Time.UnixMicro(), eventText(e)}
	}
	return list
}

// eventText is the name of an event, and if it has attributes, both as the member of a
// JSON object: "exception": {"exception.type":"…"}.
func eventText(e sdktrace.Event) string {
	if len(e.Attributes) == 0 {
		return e.Name
	}
	values := make(map[string]any, len(e.Attributes))
	for _, kv := range e.Attributes {
		values[string(kv.Key)] = jsonValue(kv.Value)
	}
	options := json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	name, err := json.Marshal(e.Name, options)
	if err != nil {
		return e.Name
	}
	text, err := json.Marshal(values, options)
	if err != nil {
		return e.Name
	}
	return string(name) + ": " + string(text)
}

// jsonValue keeps numbers and booleans; all else is a text, since not every float and list
// has a form in JSON.
func jsonValue(v attribute.Value) any {
	switch v.Type() {
	case attribute.BOOL:
		return v.AsBool()
	case attribute.INT64:
		return v.AsInt64()
	default:
		return v.String()
	}
}
