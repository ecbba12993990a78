package openapi

import (
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
	"github.com/typedkit/endpoint/internal/shape"
)

// messageOf returns the request or the response of an example.
func messageOf(ex httpx.RouteExample, response bool) reflect.Value {
	v := reflect.ValueOf(ex.Request)
	if response {
		v = reflect.ValueOf(ex.Response)
	}
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

// isStream reports whether the items of a message are a stream.
func isStream(rt *route, response bool) bool {
	if response {
		return rt.Operation.Streams&endpoint.ServerStream != 0
	}
	return rt.Operation.Streams&endpoint.ClientStream != 0
}

// withExamples adds the examples of a route to the content of one media type, if it is JSON.
func (b *builder) withExamples(content *jsonschema.Object, rt *route, body *httpx.Body, media string, response bool) *jsonschema.Object {
	if !isJSON(media) || isStream(rt, response) {
		return content
	}
	named := &jsonschema.Object{}
	for _, ex := range rt.Examples {
		v := messageOf(ex, response)
		if body.Field != nil && v.Kind() == reflect.Struct {
			v = v.FieldByIndex(body.Field.Index)
		}
		b.addExample(named, rt, ex.Name, v, hiddenMembers(body, response))
	}
	if len(named.Members) > 0 {
		content.Set("examples", named)
	}
	return content
}

func isJSON(media string) bool {
	return isLikeJSON(media) && media != "application/cbor" && media != "application/vnd.msgpack"
}

// hiddenMembers returns the names of the members of a message that are not part of its body.
func hiddenMembers(body *httpx.Body, response bool) []string {
	t := behind(body.Type)
	if body.Field != nil || t.Kind() != reflect.Struct {
		return nil
	}
	tags := requestTags
	if response {
		tags = responseTags
	}
	members, _ := shape.Members(t)
	var names []string
	for _, m := range members {
		if jsonschema.HasTag(t.FieldByIndex(m.Index), tags) {
			names = append(names, m.Name)
		}
	}
	return names
}

// parameterExamples returns the values that a parameter has in the examples of a route. One
// that is zero and may be absent is.
func (b *builder) parameterExamples(rt *route, p *httpx.Parameter, response bool) *jsonschema.Object {
	named := &jsonschema.Object{}
	for _, ex := range rt.Examples {
		v := messageOf(ex, response)
		if isStream(rt, response) || v.Kind() != reflect.Struct {
			continue
		}
		v, err := v.FieldByIndexErr(p.Field.Index)
		if err != nil || v.IsZero() && !p.Required {
			continue
		}
		b.addExample(named, rt, ex.Name, v, nil)
	}
	return named
}

// addExample adds a value, without some of its members.
func (b *builder) addExample(named *jsonschema.Object, rt *route, name string, v reflect.Value, hidden []string) {
	if _, optional := shape.InsideOptional(v.Type()); v.IsZero() && (optional || v.Kind() == reflect.Pointer) {
		return // it is absent
	}
	at := reflect.New(v.Type())
	at.Elem().Set(v)
	text, err := codec.JSON().Append(nil, at.Interface())
	if err != nil {
		b.Faults.Add("%s: example %q: %w", rt.Field, name, err)
		return
	}
	value, err := jsonschema.Parse(text)
	if err != nil {
		b.Faults.Add("%s: example %q: %w", rt.Field, name, err)
		return
	}
	if o, ok := value.(*jsonschema.Object); ok {
		for _, member := range hidden {
			o.Remove(member)
		}
	}
	named.Set(name, new(jsonschema.Object).Set("value", value))
}
