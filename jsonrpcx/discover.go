package jsonrpcx

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/jsonschema"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
)

// discoverName is the method that answers with the document of the service.
const discoverName = "rpc.discover"

// openRPC is the version of OpenRPC.
const openRPC = "1.3.2"

// Info sets the title and the version of the API in the document that a server answers to the
// method rpc.discover. The default is the name of the service, and 0.0.0. An empty text is a
// construction error. It is for servers: on a client it is a construction error.
func Info(title, version string) Option {
	return option(func(c *config) {
		c.OnlyServer("Info")
		if title == "" || version == "" {
			c.Fault("option Info: title %q and version %q, want texts that are not empty", title, version)
			return
		}
		c.title, c.version = title, version
	})
}

// NoDiscover makes a server answer to rpc.discover as to any method that it does not have,
// for a service whose methods are not for everybody to know. Without it the answer is an
// OpenRPC document for every caller that meets what [Requires] demands of all methods. It is
// for servers: on a client it is a construction error.
func NoDiscover() Option {
	return option(func(c *config) {
		c.OnlyServer("NoDiscover")
		c.noDiscover = true
	})
}

// discovery returns the method rpc.discover, whose result is made here, once. It has the
// layers of the service, and requires what all methods require.
func (b *build) discovery() (*method, error) {
	mt := &method{name: discoverName, config: &b.config}
	var traits service.Traits
	b.config.Complete(&traits)
	mt.op, _ = traits.NewOperation(service.Field{Name: "Discover"}, b.end, mt.operation())
	mt.op.Service, mt.op.Idempotent, mt.op.Doc = "jsonrpcx", true, "describes the methods of the service"
	document, err := b.document()
	if err != nil {
		return nil, fmt.Errorf("the document of %s, which the option NoDiscover leaves out: %w", discoverName, err)
	}
	if mt.stack, err = b.config.Layers.Bind(mt.op); err != nil {
		return nil, fmt.Errorf("option Use: %w", err)
	}
	mt.serve = mt.stack.Wrap(func(_ context.Context, x *exchange) (endpoint.Empty, error) {
		return endpoint.Empty{}, x.discover(document)
	})
	return mt, nil
}

// discover answers with a document. The method has no params.
func (x *exchange) discover(document []byte) error {
	switch {
	case x.early != nil:
		return x.early
	case x.room.isFull():
		return ErrBatchReplyTooLarge
	case x.m.params != nil && !isEmptyParams(x.m.params):
		return invalid("", "the method has no params")
	}
	return x.write(func(dst []byte) ([]byte, error) { return append(dst, document...), nil })
}

// isEmptyParams reports whether params are an empty object or an empty array.
func isEmptyParams(raw jsontext.Value) bool {
	full := errors.New("not empty")
	switch raw.Kind() {
	case jsontext.KindBeginObject:
		return eachMember(raw, func(string, jsontext.Value) error { return full }) == nil
	case jsontext.KindBeginArray:
		return eachItem(raw, func(jsontext.Value) error { return full }) == nil
	}
	return false
}

// document returns the OpenRPC document of the service.
func (b *build) document() ([]byte, error) {
	d := &describer{}
	d.Faults = &jsonschema.Faults{}
	methods := []any{}
	for _, mt := range b.methods {
		methods = append(methods, d.method(mt))
	}
	title, version := cmp.Or(b.config.title, b.Type()), cmp.Or(b.config.version, "0.0.0")
	if len(b.methods) > 0 {
		title = cmp.Or(b.config.title, b.methods[0].op.Service)
	}
	doc := new(jsonschema.Object).Set("openrpc", openRPC).
		Set("info", new(jsonschema.Object).Set("title", title).Set("version", version)).
		Set("methods", methods).
		Set("components", new(jsonschema.Object).Set("schemas", d.Components.Finish().Sort()))
	jsonschema.Draft7(doc)
	return bytes.TrimSpace(jsonschema.ToJSON(doc)), d.Faults.Join()
}

// A describer makes the parts of a document.
type describer struct{ jsonschema.Schemas }

func (d *describer) method(mt *method) *jsonschema.Object {
	o := new(jsonschema.Object).Set("name", mt.name).
		Set("tags", jsonschema.List(new(jsonschema.Object).Set("name", mt.op.Service))).
		SetText("summary", mt.op.Doc)
	if mt.op.Deprecated {
		o.Set("deprecated", true)
	}
	d.params(o, mt)
	if !mt.opts.notification {
		o.Set("result", descriptor("result", d.Of(mt.endpoint.Resp, jsonschema.Use{Form: jsonschema.Sent}), true))
	}
	if errs := mt.failures(); len(errs) > 0 {
		o.Set("errors", errs)
	}
	return o
}

// params adds the params. OpenRPC has no words for a list or a map of params, whose schema is
// an extension.
func (d *describer) params(o *jsonschema.Object, mt *method) {
	use := jsonschema.Use{Form: jsonschema.Strict}
	if mt.opts.AllowUnknown {
		use.Form = jsonschema.Lenient
	}
	t := mt.endpoint.Req
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	params := []any{}
	switch mt.params.form {
	case byMember:
		params = d.members(t, use, mt.params.names)
		o.Set("paramStructure", "either")
	case isSingle:
		params = append(params, descriptor("value", d.Of(t, use), true))
		o.Set("paramStructure", "by-position")
	case isArray:
		o.Set("paramStructure", "by-position").Set("x-params", d.Of(t, use))
	case isObject:
		o.Set("paramStructure", "by-name").Set("x-params", d.Of(t, use))
	case isOwn:
		o.Set("x-params", d.Of(t, use))
	}
	o.Set("params", params)
}

// members returns the params of a type with members, in the order of their positions.
func (d *describer) members(t reflect.Type, use jsonschema.Use, names []string) []any {
	whole := d.Structure(t, use, nil)
	properties := whole.Child("properties")
	required, _ := whole.Get("required")
	all := []any{}
	for _, name := range names {
		schema := properties.Child(name)
		isRequired := false
		if list, ok := required.([]any); ok {
			isRequired = slices.Contains(list, any(name))
		}
		all = append(all, descriptor(name, schema, isRequired))
	}
	return all
}

// descriptor returns a param or a result. It has the description of its
// schema, and is deprecated if that is.
func descriptor(name string, schema *jsonschema.Object, required bool) *jsonschema.Object {
	o := new(jsonschema.Object).Set("name", name)
	if text, ok := schema.Get("description"); ok {
		o.Set("description", text)
		schema.Remove("description")
	}
	if deprecated, ok := schema.Get("deprecated"); ok {
		o.Set("deprecated", deprecated)
		schema.Remove("deprecated")
	}
	return o.Set("required", required).Set("schema", schema)
}

// failures returns the errors that the method declares, and those that its transport answers
// with, each as it is on the wire.
func (mt *method) failures() []any {
	errs := slices.Clone(mt.op.Fails)
	if mt.params.form != byMember || len(mt.params.names) > 0 {
		errs = append(errs, ErrInvalidParams)
	}
	errs = append(errs, service.RequireErrors(mt.op)...)
	var all []any
	for i, e := range errs {
		if slices.ContainsFunc(errs[:i], func(other *endpoint.Error) bool { return e.Is(other) }) {
			continue
		}
		o := new(jsonschema.Object).Set("code", mt.numberOf(e)).Set("message", strings.ToValidUTF8(e.Message(), "\ufffd"))
		if text, err := json.Marshal(problem.Of(e), json.Deterministic(true)); err == nil {
			if data, err := jsonschema.Parse(text); err == nil {
				o.Set("data", data)
			}
		}
		all = append(all, o)
	}
	return all
}
