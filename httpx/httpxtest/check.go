package httpxtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/service"
)

// Check sends requests to each route of svc, a service with its implementation, and reports by
// t.Errorf what it and its declaration disagree on. The requests are made from the types and
// their rules: valid ones at random, and for each value those at, below and above its bounds,
// absent, null and of the wrong kind. They go through a typed client, in process, one after the
// other. These are faults:
//
//   - A valid request is answered 400, or an invalid one reaches the implementation or is
//     answered otherwise than with 400 at the right place.
//   - An error that the operation does not declare, or one with another status than declared.
//     Errors of this module, such as those of policies, need no declaration. One without
//     identity is none that can be declared.
//   - A status or a media type of a success that the operation does not declare.
//   - A response that breaks the rules of its type, or that has another form in JSON.
//   - A response that the typed client cannot read, or reads as another value. A request that
//     the client writes as another one.
//   - A panic, and a call that takes longer than 10 seconds.
//
// The implementation is called with these requests, some hundred for a route, so give it stores
// of its own. Calls of response streams end after three items, or 500 ms, and sooner where the
// stream of an earlier request had fewer. A stream without items is not a fault. Bodies are made
// in JSON and as forms; of other formats only those of [Valid] are sent. An endpoint that is nil,
// by httpx.Partial, is left out. svc stays as it is, and must not be in use.
func Check(tb testing.TB, svc httpx.Service, opts ...CheckOption) {
	tb.Helper()
	c := &checker{t: tb, watch: &watcher{}, paths: map[string]string{}, given: map[string][]any{}}
	var err error
	if c.config, err = configOf(opts); err != nil {
		tb.Fatalf("httpxtest: %v", err)
	}
	routes, err := httpx.Describe(svc, c.both...)
	if err == nil {
		err = c.prepare(svc)
	}
	if err != nil {
		tb.Fatalf("httpxtest: %v", err)
	}
	for _, r := range routes {
		c.route(r)
	}
}

// A checker checks one service.
type checker struct {
	*config

	t     testing.TB
	watch *watcher // of the implementation
	ref   *reference
	real  *double
	calls *double
	tap   *tap
	paths map[string]string // of the endpoints to skip: the reasons
	given map[string][]any  // valid requests, by the paths of endpoints
	late  int               // response streams of the route that had too few items in their time
}

// prepare makes the servers and the client.
func (c *checker) prepare(svc httpx.Service) (err error) {
	if c.ref, err = newReference(svc, c.both); err != nil {
		return err
	}
	if err = c.find(svc); err != nil {
		return err
	}
	if c.real, err = doubleOf(svc, c.watch.watching); err != nil {
		return err
	}
	h, err := c.mount(c.real.svc, httpx.ErrorHook(c.watch.hook))
	if err != nil {
		return err
	}
	if c.calls, err = doubleOf(svc, nil); err != nil {
		return err
	}
	c.tap = &tap{next: serve(c.t, h).transport, prepare: c.config.prepare}
	to := httpx.To(base, httpx.HTTPClient(&http.Client{Transport: c.tap}))
	return httpx.Client(to, c.calls.svc, slices.Concat(c.both, c.client)...)
}

// find finds the endpoints that options name.
func (c *checker) find(svc httpx.Service) error {
	fields, _ := service.Walk(svc)
	for addr, reason := range c.skipped {
		f, ok := fields.Lookup(addr)
		if !ok {
			return fmt.Errorf("option Skip: the endpoint is not a field of %T", svc)
		}
		c.paths[f.Path] = reason
	}
	for addr, requests := range c.valid {
		f, ok := fields.Lookup(addr)
		if !ok {
			return fmt.Errorf("option Valid: the endpoint is not a field of %T", svc)
		}
		c.given[f.Path] = requests
	}
	return nil
}

func (c *checker) route(r httpx.Route) {
	if reason, ok := c.paths[r.Field]; ok {
		c.t.Logf("httpxtest: %s is not checked: %s", r.Field, reason)
		return
	}
	if c.handler == nil && c.real.fields[r.Field].IsNil() {
		return
	}
	c.late = 0
	seed := rand.NewPCG(c.seed, uint64(len(r.Field)))
	rc := &routeCheck{
		checker: c, form: formOf(r), answers: answersOf(r), call: c.calls.fields[r.Field],
		maker: &maker{rand: rand.New(seed), known: c.values}, told: map[string]bool{}, //nolint:gosec // not for secrets
	}
	rc.run()
}

// A routeCheck checks one route.
type routeCheck struct {
	*checker

	form    *form
	answers *answers
	call    reflect.Value // the endpoint of the client
	maker   *maker
	told    map[string]bool // faults
}

// mostFaults bounds the faults of a route that are reported.
const mostFaults = 5

// fault reports a fault of a request, once.
func (c *routeCheck) fault(request, format string, args ...any) {
	c.t.Helper()
	text := fmt.Sprintf(format, args...)
	if c.told[text] || len(c.told) >= mostFaults {
		return
	}
	c.told[text] = true
	c.t.Errorf("httpxtest: %s: %s: %s", c.form.route.Field, request, text)
}

func (c *routeCheck) run() {
	for _, v := range c.given[c.form.route.Field] {
		c.send(reflect.ValueOf(v))
	}
	if b := c.form.route.Request.Body; b != nil && c.form.body == nil {
		c.t.Logf("httpxtest: %s: requests in %s are not made, but those of Valid", c.form.route.Field, b.Media[0])
		return
	}
	first, v := c.base()
	if !v.valid {
		return
	}
	for range c.requests {
		w := c.form.make(c.maker)
		if v := c.ref.judge(c.form.request(w)); v.valid {
			c.send(requestOf(c.call.Type(), v.requests))
		}
	}
	c.mutate(first, requestOf(c.call.Type(), v.requests))
}

// base returns a valid request in which everything is there.
func (c *routeCheck) base() (first wire, v verdict) {
	if all := c.given[c.form.route.Field]; len(all) > 0 && !c.form.lines {
		res := c.checker.call(c.call, reflect.ValueOf(all[0]), nil)
		if res.sent != nil {
			first = c.form.read(res.sent, res.sentBody)
			if v = c.ref.judge(c.form.request(first)); !v.valid {
				c.fault(c.form.text(res.sent, first), "the first request of the option Valid is refused (%s)", v.text)
			}
			return first, v
		}
	}
	for i := range 200 {
		c.maker.full = i < 150
		first = c.form.make(c.maker)
		if v = c.ref.judge(c.form.request(first)); v.valid {
			c.maker.full = false
			return first, v
		}
	}
	c.fault(c.form.text(c.form.request(first), first), "no valid request was found (%s); give one by the option Valid, or values by Values", v.text)
	return first, v
}

// send makes a valid request of the client's own, and checks the answer.
func (c *routeCheck) send(request reflect.Value) {
	res := c.checker.call(c.call, request, nil)
	if res.sent == nil {
		c.fault("a request", "the client cannot write it: %v", res.err)
		return
	}
	text := short(res.sent.Method + " " + res.sent.URL.RequestURI() + " " + string(res.sentBody))
	again := res.sent.Clone(c.t.Context())
	again.Body, again.ProtoMajor, again.RemoteAddr = readerOf(res.sentBody), 2, "192.0.2.2:1024"
	v := c.ref.judge(again)
	switch {
	case !v.valid && v.status != 0 && len(v.places) > 0:
		c.fault(text, "the client writes a valid request as one that is refused (%s)", v.text)
	case v.valid && len(v.requests) == 1 && !c.form.lines && !same(c.defaulted(request, v.requests[0]), v.requests[0]):
		c.fault(text, "the client writes the request as another one: the server reads %s", short(string(jsonOf(v.requests[0]))))
	}
	c.judge(text, verdict{valid: true}, res)
}

// defaulted returns a request in which parameters that the client leaves out, because they are
// zero, have the default that the server reads.
func (c *routeCheck) defaulted(request, read reflect.Value) reflect.Value {
	all := reflect.New(request.Type()).Elem()
	all.Set(request)
	for _, p := range c.form.route.Request.Parameters {
		if _, ok := p.Field.Tag.Lookup("default"); !ok {
			continue
		}
		if f, err := all.FieldByIndexErr(p.Field.Index); err == nil && f.IsZero() {
			f.Set(read.FieldByIndex(p.Field.Index))
		}
	}
	return all
}

// mostMutations bounds the requests that are made of the first one.
const mostMutations = 1000

// mutate sends what becomes of a valid request when one value of it is another.
func (c *routeCheck) mutate(first wire, request reflect.Value) {
	sent := 0
	try := func(w wire, what string, broken bool) {
		if sent++; sent > mostMutations {
			return
		}
		c.tryOne(request, w, what, broken)
	}
	for _, p := range c.form.params {
		for _, variant := range c.maker.paramVariants(p, first.params[p.place]) {
			w := wire{maps.Clone(first.params), first.body}
			w.params[p.place] = textsOf(variant.value)
			try(w, p.place+" "+variant.name, variant.broken)
		}
	}
	switch {
	case c.form.body == nil || c.form.media == formMedia && kindOf(c.form.body.typ) != object:
	case c.form.lines:
		lines := first.body.([]any)
		for _, m := range c.maker.mutations(c.form.body, lines[0], nil) {
			if m.value != (absent{}) || len(m.path) > 0 {
				try(wire{first.params, []any{with(lines[0], m.path, m.value), lines[1]}}, m.at("/0"), m.broken)
			}
		}
	default:
		try(wire{first.params, absent{}}, "the body absent", c.form.route.Request.Body.Required && c.form.body.kind != object)
		for _, m := range c.maker.mutations(c.form.body, first.body, nil) {
			if c.form.media != formMedia || fitsForm(m) {
				try(wire{first.params, with(first.body, m.path, m.value)}, m.at(""), m.broken)
			}
		}
	}
}

// fitsForm reports whether a mutation can be written as a form.
func fitsForm(m mutation) bool {
	if len(m.path) != 1 || m.value == nil || m.name == "of the wrong kind" || m.name == "empty" {
		return false
	}
	_, isObject := m.value.(map[string]any)
	return !isObject
}

func (c *routeCheck) tryOne(request reflect.Value, w wire, what string, broken bool) {
	r := c.form.request(w)
	text := c.form.text(r, w) + " (" + what + ")"
	v := c.ref.judge(c.form.request(w))
	if v.valid && broken {
		c.fault(text, "the declaration takes it, though it is %s", what)
		return
	}
	if !v.valid && v.status == http.StatusInternalServerError {
		return // the reference could not tell
	}
	c.judge(text, v, c.checker.call(c.call, request, r))
}

// listed returns places for the report.
func listed(texts []string) string {
	if len(texts) == 0 {
		return "no place"
	}
	return short(strings.Join(texts, ", "))
}
