package openapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/problem"
)

// responses returns the success, the declared errors by their status, those of requests that
// are not valid, and as the default whatever else may happen.
func (b *builder) responses(rt *route) *object {
	o := &object{}
	o.set(strconv.Itoa(rt.Response.Status), b.success(rt))
	byStatus := map[int][]*endpoint.Error{}
	for _, e := range slices.Concat(rt.Operation.Fails, general(rt)) {
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
		o.set(strconv.Itoa(status), b.failure(rt, status, byStatus[status]))
	}
	return o.set("default", b.otherFailure(rt))
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

func (b *builder) success(rt *route) *object {
	p := &rt.Response
	description := http.StatusText(p.Status)
	if p.OwnStatus {
		description += ", or another status of a success"
	}
	o := new(object).set("description", description)
	if headers := b.headers(rt); len(headers.members) > 0 {
		o.set("headers", headers)
	}
	if p.Body == nil {
		return o
	}
	content := &object{}
	for _, media := range p.Body.Media {
		if rt.Operation.Streams&endpoint.ServerStream != 0 {
			content.set(media, b.events(p.Body))
			continue
		}
		content.set(media, b.media(p.Body, media, sent, responseTags))
	}
	return o.set("content", content)
}

// headers returns the headers of a success. All cookies are in one.
func (b *builder) headers(rt *route) *object {
	headers := &object{}
	var cookies []string
	for i := range rt.Response.Parameters {
		p := &rt.Response.Parameters[i]
		if p.In == "cookie" {
			cookies = append(cookies, p.Name)
			continue
		}
		header := new(object).setText("description", p.Field.Tag.Get("doc"))
		schema, examples := b.value(rt.Response.Type, p.Field, sent)
		header.set("schema", schema)
		if examples != nil {
			header.set("examples", new(object).set("example", new(object).set("value", examples.([]any)[0])))
		}
		headers.set(p.Name, header)
	}
	if len(cookies) > 0 {
		headers.set("Set-Cookie", new(object).set("description", "Sets the cookies "+strings.Join(cookies, ", ")+", each in a line of its own.").set("schema", typed("string")))
	}
	return headers
}

// failure returns the answer with one status, and an example of each error that has it.
func (b *builder) failure(rt *route, status int, errs []*endpoint.Error) *object {
	var messages []string
	examples := &object{}
	for _, e := range errs {
		messages = append(messages, e.Message())
		v, err := parse(problem.Append(nil, e, status, titleOf(status)))
		if err == nil {
			examples.set(e.Domain()+"."+e.Reason(), new(object).set("summary", e.Message()).set("value", v))
		}
	}
	description := titleOf(status) + ": " + strings.Join(messages, "; ")
	return b.errorAnswer(rt, description, examples)
}

func (b *builder) otherFailure(rt *route) *object {
	return b.errorAnswer(rt, "Another error", &object{})
}

func (b *builder) errorAnswer(rt *route, description string, examples *object) *object {
	content := &object{}
	if rt.ErrorBody != nil {
		body := &httpx.Body{Type: rt.ErrorBody}
		for _, media := range rt.ErrorMedia {
			content.set(media, b.media(body, media, sent, nil))
		}
	} else {
		media := new(object).set("schema", problemReference())
		if len(examples.members) > 0 {
			media.set("examples", examples)
		}
		content.set(problem.MediaType, media)
	}
	return new(object).set("description", description).set("content", content)
}

func titleOf(status int) string {
	if status == 499 {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

func problemReference() *object {
	return new(object).set("$ref", "#/components/schemas/Problem")
}

// problemSchema returns the schema of the problems that httpx sends (RFC 9457).
func problemSchema() *object {
	text := func(doc string) *object { return typed("string").set("description", doc) }
	items := func(properties *object) *object {
		return typed("array").set("items", typed("object").set("properties", properties))
	}
	p := new(object).
		set("type", typed("string").set("format", "uri-reference").set("description", "A URI of the kind of problem.")).
		set("title", text("The text of the status.")).
		set("status", typed("integer").set("minimum", 100).set("maximum", 599).set("description", "The status of the answer.")).
		set("detail", text("What is wrong, for the caller.")).
		set("instance", typed("string").set("format", "uri-reference").set("description", "A URI of this occurrence.")).
		set("code", text("The kind of error. Clients decide by it whether to try again.").set("enum", codes())).
		set("domain", text("Who defines the reason.")).
		set("reason", text("The identity of the error within its domain.")).
		set("errors", items(new(object).
			set("pointer", text("The place in the body (RFC 6901).")).
			set("parameter", text("The place of a parameter, such as query:limit.")).
			set("detail", text("What is wrong there."))).set("description", "All faults of the request.")).
		set("retryAfter", typed("string").set("pattern", `^[0-9]+(\.[0-9]+)?s$`).set("description", "How long to wait before the next try.")).
		set("help", items(new(object).
			set("description", typed("string")).
			set("url", typed("string"))).set("description", "Pages that help.")).
		set("meta", typed("object").set("additionalProperties", typed("string")).set("description", "More about the error."))
	return typed("object").set("description", "An error (RFC 9457).").set("properties", p)
}

// codes returns the names of all codes of errors.
func codes() []any {
	var all []any
	for c := endpoint.Canceled; c <= endpoint.Unauthenticated; c++ {
		all = append(all, c.String())
	}
	return all
}
