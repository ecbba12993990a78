package httpxtest

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/constraint"
)

// answers are what the answers of a route may be.
type answers struct {
	route httpx.Route
	rules *constraint.Plan
	body  *node    // nil if it is not JSON
	out   []string // the members of the type's own JSON that are not in the body
}

func answersOf(r httpx.Route) *answers {
	a := &answers{route: r}
	inBody := func(sf reflect.StructField) bool { _, ok := sf.Tag.Lookup("body"); return ok }
	place := func(sf reflect.StructField) (string, bool) {
		for _, in := range []string{"header", "cookie", "status"} {
			if name, ok := sf.Tag.Lookup(in); ok {
				if in == "header" {
					name = textproto.CanonicalMIMEHeaderKey(name)
				}
				return in + ":" + name, true
			}
		}
		return "", false
	}
	a.rules, _ = constraint.Compile(r.Response.Type, constraint.Options{Response: true, Parameter: place, Body: inBody, Mapped: true})
	b := r.Response.Body
	if b == nil || !isJSON(b.Media[0]) && b.Media[0] != "text/event-stream" {
		return a
	}
	var without [][]int
	if kindOf(r.Response.Type) == object && b.Field == nil {
		for _, sf := range reflect.VisibleFields(r.Response.Type) {
			if _, ok := place(sf); ok {
				without = append(without, sf.Index)
				a.out = append(a.out, sf.Name)
			}
		}
	}
	a.body = bodyOf(newModeler(false), b, without)
	return a
}

// judge reports what is wrong with what came of a request.
func (c *routeCheck) judge(request string, v verdict, res result) {
	c.t.Helper()
	op := c.form.route.Operation
	invalid := op.StatusOf(httpx.ErrInvalidRequest)
	if p, ok := res.saw.panicked(); ok {
		c.fault(request, "it panics: %s", short(p))
		return
	}
	switch {
	case res.quiet && v.valid:
	case res.status == 0:
		c.fault(request, "there is no answer: %s", short(res.err))
	case v.valid && res.err == nil:
		c.success(request, res)
	case v.valid:
		c.failure(request, res)
	case v.isInvalid():
		c.refusal(request, v, res, invalid)
	case res.status != v.status:
		c.fault(request, "answered %d, want %d", res.status, v.status)
	}
}

// refusal checks the answer to an invalid request.
func (c *routeCheck) refusal(request string, v verdict, res result, status int) {
	unread := c.form.lines && c.handler == nil && !res.saw.ranged
	switch {
	case unread && res.err == nil: // the implementation does not want the items
		return
	case !c.form.lines && res.saw.reached > 0:
		c.fault(request, "it reaches the implementation, want %d at %s", status, listed(v.places))
		return
	case res.status != status:
		c.fault(request, "answered %d, want %d at %s", res.status, status, listed(v.places))
		return
	case c.form.route.ErrorBody != nil:
		return
	}
	var places []string
	for _, f := range endpoint.ErrorOf(res.err).Violations() {
		places = append(places, f.Parameter+f.Pointer)
	}
	for _, p := range v.places {
		if !slices.Contains(places, p) {
			c.fault(request, "answered %d at %s, want it at %s", status, listed(places), listed(v.places))
			return
		}
	}
}

// failure checks the error that is the answer to a valid request.
func (c *routeCheck) failure(request string, res result) {
	e := endpoint.ErrorOf(res.err)
	if res.status < 300 && !e.Remote() {
		c.fault(request, "answered %d, and the client cannot read it: %s", res.status, short(res.err))
		return
	}
	if res.status >= 300 && c.form.route.ErrorBody == nil && mediaOf(res.header) != "application/problem+json" {
		c.fault(request, "answered %d that is not a problem, but %q", res.status, mediaOf(res.header))
		return
	}
	op := c.form.route.Operation
	for _, f := range op.Fails {
		if !errors.Is(e, f) {
			continue
		}
		if want := op.StatusOf(f); res.status >= 300 && res.status != want {
			c.fault(request, "answered %s with the status %d, declared with %d", nameOf(e), res.status, want)
		}
		return
	}
	switch {
	case errors.Is(e, httpx.ErrInvalidRequest) && res.saw.reached == 0:
		c.fault(request, "it is valid, and answered %d: %s", res.status, violationsOf(e))
	case e.Domain() == "endpoint" && !errors.Is(e, httpx.ErrInvalidRequest): // of a policy, or of the transport
	default:
		c.fault(request, "answered %d with %s, which it does not declare%s", res.status, nameOf(e), causeOf(res.saw.errs))
	}
}

func nameOf(e *endpoint.Error) string {
	if e.Domain() == "" {
		return fmt.Sprintf("an error of code %v without identity", e.Code())
	}
	return e.Domain() + "/" + e.Reason()
}

func causeOf(errs []error) string {
	if len(errs) == 0 {
		return ""
	}
	return ": " + short(errs[len(errs)-1])
}

func violationsOf(e *endpoint.Error) string {
	var all []string
	for _, v := range e.Violations() {
		all = append(all, v.Parameter+v.Pointer+" "+v.Detail)
	}
	return short(strings.Join(all, ", "))
}

func mediaOf(h http.Header) string {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return h.Get("Content-Type")
	}
	return media
}

// success checks a response.
func (c *routeCheck) success(request string, res result) {
	p := c.form.route.Response
	switch {
	case res.status != p.Status && !p.OwnStatus:
		c.fault(request, "answered %d, declared with %d", res.status, p.Status)
	case p.Body != nil && len(res.body) > 0 && !slices.Contains(p.Body.Media, mediaOf(res.header)):
		c.fault(request, "answered in %q, declared in %s", mediaOf(res.header), strings.Join(p.Body.Media, ", "))
	}
	for _, v := range res.values {
		if err := c.answers.rules.Check(v.Interface(), nil); err != nil {
			c.fault(request, "the response breaks the rules of %s: %s", p.Type, violationsOf(endpoint.ErrorOf(err)))
		}
	}
	if c.answers.body == nil || mediaOf(res.header) != p.Body.Media[0] {
		return
	}
	for i, body := range bodiesOf(res) {
		if i >= len(res.values) {
			return
		}
		t, err := parse(body)
		if err != nil {
			c.fault(request, "the response is not JSON: %s", short(err))
			return
		}
		if text := differs(c.answers.body, t, ""); text != "" {
			c.fault(request, "the response does not have the form of %s: %s", p.Type, text)
			return
		}
		if text := c.answers.misread(t, res.values[i]); text != "" {
			c.fault(request, "the client reads another response: %s", text)
			return
		}
	}
}

// bodiesOf returns the bodies of a response: one, or one for each event.
func bodiesOf(res result) [][]byte {
	if mediaOf(res.header) != "text/event-stream" {
		return [][]byte{res.body}
	}
	var all [][]byte
	for event := range bytes.SplitSeq(res.body, []byte("\n\n")) {
		for line := range bytes.Lines(event) {
			if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				all = append(all, bytes.TrimSpace(data))
			}
		}
	}
	return all
}
