package openapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/jsonschema"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
)

// responses returns the success, the declared errors by their status, those of requests that
// are not valid, and as the default whatever else may happen.
func (b *builder) responses(rt *route) *jsonschema.Object {
	o := &jsonschema.Object{}
	o.Set(strconv.Itoa(rt.Response.Status), b.success(rt))
	byStatus := map[int][]*endpoint.Error{}
	for _, e := range slices.Concat(rt.Operation.Fails, service.RequireErrors(rt.Operation), general(rt)) {
		status := rt.Operation.StatusOf(e)
		if !slices.ContainsFunc(byStatus[status], func(other *endpoint.Error) bool { return e.Is(other) }) {
			byStatus[status] = append(byStatus[status], e)
		}
	}
	var statuses []int
	for status := range byStatus {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		o.Set(strconv.Itoa(status), b.failure(rt, status, byStatus[status]))
	}
	return o.Set("default", b.otherFailure(rt))
}

// general returns the errors that the transport answers to a request of the route, as far as
// the request decides them.
func general(rt *route) []*endpoint.Error {
	var errs []*endpoint.Error
	if len(rt.Request.Parameters) > 0 || rt.Request.Body != nil {
		errs = append(errs, codec.ErrInvalid)
	}
	if rt.Request.Body != nil {
		errs = append(errs, httpx.ErrBodyTimeout, httpx.ErrBodyTooLarge, httpx.ErrUnsupportedMediaType)
	}
	if len(rt.writesMedia()) > 1 {
		errs = append(errs, httpx.ErrNotAcceptable)
	}
	if rt.Operation.Streams == endpoint.Bidi {
		errs = append(errs, httpx.ErrNeedsHTTP2)
	}
	return errs
}

func (rt *route) writesMedia() []string {
	if rt.Response.Body == nil {
		return nil
	}
	return rt.Response.Body.Media
}

func (b *builder) success(rt *route) *jsonschema.Object {
	p := &rt.Response
	description := http.StatusText(p.Status)
	if p.OwnStatus {
		description += ", or another status of a success"
	}
	o := new(jsonschema.Object).Set("description", description)
	if headers := b.headers(rt); len(headers.Members) > 0 {
		o.Set("headers", headers)
	}
	if p.Body == nil {
		return o
	}
	content := &jsonschema.Object{}
	for _, media := range p.Body.Media {
		if rt.Operation.Streams&endpoint.ServerStream != 0 {
			content.Set(media, b.events(p.Body))
			continue
		}
		content.Set(media, b.withExamples(b.media(p.Body, media, jsonschema.Sent, responseTags), rt, p.Body, media, true))
	}
	return o.Set("content", content)
}

// headers returns the headers of a success. All cookies are in one.
func (b *builder) headers(rt *route) *jsonschema.Object {
	headers := &jsonschema.Object{}
	var cookies []string
	for i := range rt.Response.Parameters {
		p := &rt.Response.Parameters[i]
		if p.In == "cookie" {
			cookies = append(cookies, p.Name)
			continue
		}
		header := new(jsonschema.Object).SetText("description", p.Field.Tag.Get("doc"))
		schema, examples := b.value(rt.Response.Type, p.Field, jsonschema.Sent)
		if schema.Has("deprecated") {
			schema.Remove("deprecated")
			header.Set("deprecated", true)
		}
		header.Set("schema", schema)
		named := b.parameterExamples(rt, p, true)
		if examples != nil {
			named.Set("example", new(jsonschema.Object).Set("value", examples.([]any)[0]))
		}
		if len(named.Members) > 0 {
			header.Set("examples", named)
		}
		headers.Set(p.Name, header)
	}
	if len(cookies) > 0 {
		headers.Set("Set-Cookie", new(jsonschema.Object).Set("description", "Sets the cookies "+strings.Join(cookies, ", ")+", each in a line of its own.").Set("schema", jsonschema.Typed("string")))
	}
	return headers
}

// failure returns the answer with one status, and an example of each error that has it.
func (b *builder) failure(rt *route, status int, errs []*endpoint.Error) *jsonschema.Object {
	var messages []string
	examples := &jsonschema.Object{}
	for _, e := range errs {
		messages = append(messages, e.Message())
		v, err := jsonschema.Parse(problem.Append(nil, e, status, titleOf(status)))
		if err == nil {
			examples.Set(e.Domain()+"."+e.Reason(), new(jsonschema.Object).Set("summary", e.Message()).Set("value", v))
		}
	}
	description := titleOf(status) + ": " + strings.Join(messages, "; ")
	o := b.errorAnswer(rt, description, examples)
	if headers := challengeHeader(rt.Operation, errs); headers != nil {
		o.Set("headers", headers)
	}
	return o
}

func (b *builder) otherFailure(rt *route) *jsonschema.Object {
	return b.errorAnswer(rt, "Another error", &jsonschema.Object{})
}

func (b *builder) errorAnswer(rt *route, description string, examples *jsonschema.Object) *jsonschema.Object {
	content := &jsonschema.Object{}
	if rt.ErrorBody != nil {
		body := &httpx.Body{Type: rt.ErrorBody}
		for _, media := range rt.ErrorMedia {
			content.Set(media, b.media(body, media, jsonschema.Sent, nil))
		}
	} else {
		media := new(jsonschema.Object).Set("schema", problemReference())
		if len(examples.Members) > 0 {
			media.Set("examples", examples)
		}
		content.Set(problem.MediaType, media)
	}
	return new(jsonschema.Object).Set("description", description).Set("content", content)
}

func titleOf(status int) string {
	if status == 499 {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

func problemReference() *jsonschema.Object {
	return new(jsonschema.Object).Set("$ref", "#/components/schemas/Problem")
}

// problemSchema returns the schema of the problems that httpx sends (RFC 9457).
func problemSchema() *jsonschema.Object {
	text := func(doc string) *jsonschema.Object { return jsonschema.Typed("string").Set("description", doc) }
	items := func(properties *jsonschema.Object) *jsonschema.Object {
		return jsonschema.Typed("array").Set("items", jsonschema.Typed("object").Set("properties", properties))
	}
	p := new(jsonschema.Object).
		Set("type", jsonschema.Typed("string").Set("format", "uri-reference").Set("description", "A URI of the kind of problem.")).
		Set("title", text("The text of the status.")).
		Set("status", jsonschema.Typed("integer").Set("minimum", 100).Set("maximum", 599).Set("description", "The status of the answer.")).
		Set("detail", text("What is wrong, for the caller.")).
		Set("instance", jsonschema.Typed("string").Set("format", "uri-reference").Set("description", "A URI of this occurrence.")).
		Set("code", text("The kind of error. Clients decide by it whether to try again.").Set("enum", codes())).
		Set("domain", text("Who defines the reason.")).
		Set("reason", text("The identity of the error within its domain.")).
		Set("errors", items(new(jsonschema.Object).
			Set("pointer", text("The place in the body (RFC 6901).")).
			Set("parameter", text("The place of a parameter, such as query:limit.")).
			Set("detail", text("What is wrong there."))).Set("description", "All faults of the request.")).
		Set("retryAfter", jsonschema.Typed("string").Set("pattern", `^[0-9]+(\.[0-9]+)?s$`).Set("description", "How long to wait before the next try.")).
		Set("help", items(new(jsonschema.Object).
			Set("description", jsonschema.Typed("string")).
			Set("url", jsonschema.Typed("string"))).Set("description", "Pages that help.")).
		Set("meta", jsonschema.Typed("object").Set("additionalProperties", jsonschema.Typed("string")).Set("description", "More about the error."))
	return jsonschema.Typed("object").Set("description", "An error (RFC 9457).").Set("properties", p)
}

// codes returns the names of all codes of errors.
func codes() []any {
	var all []any
	for c := endpoint.Canceled; c <= endpoint.Unauthenticated; c++ {
		all = append(all, c.String())
	}
	return all
}
