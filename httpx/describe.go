package httpx

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
)

// A Route is one route of a service as [Describe] returns it: all that a document or another
// tool needs to know of what goes over the wire.
type Route struct {
	// Operation describes the endpoint. Its StatusOf is the status of each error.
	Operation *endpoint.Operation
	// Field is where the endpoint is in the service: the name of the service's type, and
	// those of the fields that lead to it, such as "Gateway.Users.Get".
	Field string
	// Segments are the parts of the path between slashes, in order.
	Segments []Segment
	// Request is what a client sends.
	Request RequestPlan
	// Response is what a server sends for a success.
	Response ResponsePlan
	// ErrorBody is the type of the bodies of errors, nil for problems (RFC 9457), and
	// ErrorMedia are its media types. See [MapErrors].
	ErrorBody  reflect.Type
	ErrorMedia []string
	// Examples are those of the option [Example].
	Examples []RouteExample
}

// A Segment is a part of a path. Either Literal or Name is empty, or both at the end of a path
// with a slash behind its last part.
type Segment struct {
	Literal string
	Name    string // of a parameter
	Rest    bool   // the parameter is the rest of the path, with its slashes
}

// A RequestPlan describes the requests of a route.
type RequestPlan struct {
	// Type is the type of the request, or of the items of a request stream.
	Type reflect.Type
	// Parameters are the fields that are not part of the body, in the order of the type.
	Parameters []Parameter
	// Body is the body, nil if there is none.
	Body *Body
}

// A ResponsePlan describes the responses of a route.
type ResponsePlan struct {
	// Type is the type of the response, or of the items of a response stream.
	Type reflect.Type
	// Status is the status, and OwnStatus reports whether a response may have another one, by
	// a field tagged status.
	Status    int
	OwnStatus bool
	// Parameters are the headers and cookies that are fields.
	Parameters []Parameter
	// Body is the body, nil if there is none.
	Body *Body
}

// A Parameter is a field that is not part of the body.
type Parameter struct {
	// In is "path", "query", "header" or "cookie".
	In   string
	Name string
	// Field has the type and the tags. Its Index is that within the type of the message.
	Field    reflect.StructField
	Required bool
}

// A Body is what a message has beside parameters.
type Body struct {
	// Type is the type of the body: that of the message, or of the field that is the whole
	// body, without the pointer or the Optional around it. A message that is the body itself
	// may have fields that are not part of the body: its Parameters and the status.
	Type reflect.Type
	// Field is the field that is the whole body, nil if the message is.
	Field *reflect.StructField
	// Media are the media types, the preferred one first. That of a stream is of its items:
	// "text/event-stream" or "application/x-ndjson".
	Media []string
	// Required reports whether there is always a body.
	Required bool
	// AllowUnknown reports whether members that the type does not have are ignored. Without it
	// a server refuses them. Clients ignore them in every response.
	AllowUnknown bool
}

// Describe returns the routes of a service, in the order in which it describes them. Its
// endpoints may be nil: what they are is not of interest. It takes the options that change
// what goes over the wire, [Formats] above all; those of servers alone are faults. The error
// is the one that [Client] returns.
func Describe(svc Service, opts ...Option) ([]Route, error) {
	b := newBuild(endpoint.ClientSide, svc, append(slices.Clip(opts), option(func(c *service.Config) { c.Unbound = true })))
	if err := b.Err(); err != nil {
		return nil, err
	}
	routes := make([]Route, 0, len(b.routes))
	for _, rt := range b.routes {
		routes = append(routes, rt.describe())
	}
	return routes, nil
}

func (rt *route) describe() Route {
	r := Route{Operation: rt.op, Field: rt.field.Path}
	for _, s := range rt.pattern.segments {
		r.Segments = append(r.Segments, Segment{s.literal, s.name, s.rest})
	}
	r.Request = RequestPlan{Type: rt.types.req}
	if rt.op.Streams&endpoint.ClientStream != 0 {
		r.Request.Body = &Body{Type: rt.types.req, Media: slices.Clone(rt.reads), Required: true, AllowUnknown: rt.opts.AllowUnknown}
	} else {
		in := rt.in[0]
		r.Request.Parameters = in.describeParams()
		if rt.hasBody && !in.empty {
			r.Request.Body = in.describeBody(rt.reads)
			r.Request.Body.AllowUnknown = rt.opts.AllowUnknown
		}
	}
	r.Response = rt.describeResponse()
	for _, ex := range rt.opts.examples {
		r.Examples = append(r.Examples, ex.RouteExample)
	}
	if m := rt.opts.errors; m != nil {
		r.ErrorBody = m.typ
		for _, f := range rt.errors {
			r.ErrorMedia = append(r.ErrorMedia, f.MediaType())
		}
	}
	return r
}

func (rt *route) describeResponse() ResponsePlan {
	p := ResponsePlan{Type: rt.types.resp, Status: rt.opts.status}
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	if rt.op.Streams&endpoint.ServerStream != 0 {
		p.Body = &Body{Type: rt.types.resp, Media: slices.Clone(rt.writes), Required: true, AllowUnknown: true}
		return p
	}
	out := rt.out[0]
	p.Parameters, p.OwnStatus = out.describeParams(), out.status != nil
	if !bodiless(p.Status) {
		p.Body = out.describeBody(rt.writes)
		p.Body.AllowUnknown = true
	}
	return p
}

func (b *binding) describeParams() []Parameter {
	var all []Parameter
	for i := range b.params {
		p := &b.params[i]
		field := b.typ.FieldByIndex(p.index)
		field.Index = slices.Clone(p.index)
		all = append(all, Parameter{p.source.String(), p.name, field, p.required || p.source == inPath})
	}
	return all
}

func (b *binding) describeBody(media []string) *Body {
	body := &Body{Type: b.typ, Media: slices.Clone(media), Required: !b.mayBeAbsent}
	if b.field == nil {
		return body
	}
	field := b.typ.FieldByIndex(b.field)
	field.Index = slices.Clone(b.field)
	body.Field, body.Type = &field, field.Type
	switch {
	case b.optional:
		body.Type = insideOptional(field.Type)
	case b.pointer:
		body.Type = field.Type.Elem()
	}
	return body
}
