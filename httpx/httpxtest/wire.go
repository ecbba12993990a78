package httpxtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/constraint"
)

// A form is what requests of a route look like.
type form struct {
	route  httpx.Route
	params []param
	body   *node // nil if there is none, or none that can be made
	media  string
	lines  bool // the body is lines, each a body
}

type param struct {
	in, name, place string
	node            *node
	required        bool
}

func formOf(r httpx.Route) *form {
	f := &form{route: r, lines: r.Operation.Streams&endpoint.ClientStream != 0}
	m := newModeler(true)
	var without [][]int
	for _, p := range r.Request.Parameters {
		name := p.Name
		if p.In == "header" {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
		f.params = append(f.params, param{p.In, p.Name, p.In + ":" + name, m.of(p.Field.Type, constraint.RulesOf(p.Field)), p.Required})
		without = append(without, p.Field.Index)
	}
	if b := r.Request.Body; b != nil && isMade(b.Media[0]) {
		f.media, f.body = b.Media[0], bodyOf(m, b, without)
	}
	return f
}

const formMedia = "application/x-www-form-urlencoded"

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func isMade(media string) bool {
	return isJSON(media) || media == formMedia || media == "application/x-ndjson"
}

// bodyOf returns the form of a body, of which the fields at the indexes in without are no part.
func bodyOf(m *modeler, b *httpx.Body, without [][]int) *node {
	switch {
	case b.Field != nil:
		return m.of(b.Type, constraint.RulesOf(*b.Field))
	case len(without) > 0 && kindOf(b.Type) == object:
		return &node{kind: object, typ: b.Type, members: m.membersOf(b.Type, without)}
	}
	return m.of(b.Type, constraint.Rules{})
}

// A wire is a request.
type wire struct {
	params map[string][]string // by place; what is absent has none
	body   tree                // absent{} if there is none
}

// make returns a request of the form.
func (f *form) make(m *maker) wire {
	w := wire{map[string][]string{}, absent{}}
	for _, p := range f.params {
		if !m.full && !p.required && m.known[p.place] == nil && m.rand.IntN(4) == 0 {
			continue
		}
		texts := textsOf(m.value(p.node, p.place, 0))
		if p.in == "path" && len(texts) > 0 && (texts[0] == "" || texts[0] == "." || texts[0] == "..") {
			texts[0] = "a"
		}
		w.params[p.place] = texts
	}
	switch {
	case f.body == nil:
	case f.lines:
		w.body = []any{m.value(f.body, "", 0), m.value(f.body, "", 0)}
	default:
		w.body = m.value(f.body, "", 0)
	}
	return w
}

// textsOf returns the values of a parameter.
func textsOf(t tree) []string {
	switch t := t.(type) {
	case string:
		return []string{t}
	case num:
		return []string{string(t)}
	case bool:
		return []string{fmt.Sprint(t)}
	case []any:
		var all []string
		for _, one := range t {
			all = append(all, textsOf(one)...)
		}
		return all
	}
	return nil
}

// request returns the request to send.
func (f *form) request(w wire) *http.Request {
	var path strings.Builder
	for _, s := range f.route.Segments {
		part := url.PathEscape(s.Literal)
		if s.Name != "" {
			part = url.PathEscape(strings.Join(w.params["path:"+s.Name], ""))
			if s.Rest {
				part = strings.ReplaceAll(part, "%2F", "/")
			}
		}
		path.WriteString("/" + part)
	}
	query, h := url.Values{}, http.Header{}
	for _, p := range f.params {
		texts := w.params[p.place]
		switch p.in {
		case "query":
			query[p.name] = texts
		case "header":
			h[http.CanonicalHeaderKey(p.name)] = texts
		case "cookie":
			for _, text := range texts {
				h.Add("Cookie", p.name+"="+text)
			}
		}
	}
	u, err := url.Parse(base + path.String())
	if err != nil {
		u = &url.URL{Scheme: "http", Host: "server.test", Path: path.String()}
	}
	u.RawQuery = query.Encode()
	r := &http.Request{Method: f.route.Operation.Method, URL: u, Host: u.Host, Header: h, Proto: "HTTP/2.0", ProtoMajor: 2, RemoteAddr: "192.0.2.2:1024", Body: http.NoBody}
	if b, ok := f.bytes(w.body); ok {
		h.Set("Content-Type", f.media)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	return r
}

// bytes returns a body as it is sent.
func (f *form) bytes(body tree) (b []byte, ok bool) {
	switch {
	case body == absent{} || f.body == nil:
		return nil, false
	case f.lines:
		lines, _ := body.([]any)
		for _, line := range lines {
			b = append(append(b, encode(line)...), '\n')
		}
		return b, true
	case f.media == formMedia:
		values := url.Values{}
		members, _ := body.(map[string]any)
		for name, one := range members {
			values[name] = textsOf(one)
		}
		return []byte(values.Encode()), true
	}
	return encode(body), true
}

// read returns the wire of a request that a client made.
func (f *form) read(r *http.Request, body []byte) wire {
	w := wire{map[string][]string{}, absent{}}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i, s := range f.route.Segments {
		if s.Name == "" || i >= len(parts) {
			continue
		}
		part := parts[i]
		if s.Rest {
			part = strings.Join(parts[i:], "/")
		}
		if text, err := url.PathUnescape(part); err == nil {
			w.params["path:"+s.Name] = []string{text}
		}
	}
	query := r.URL.Query()
	for _, p := range f.params {
		switch p.in {
		case "query":
			w.params[p.place] = query[p.name]
		case "header":
			w.params[p.place] = r.Header[http.CanonicalHeaderKey(p.name)]
		case "cookie":
			for _, c := range r.CookiesNamed(p.name) {
				w.params[p.place] = append(w.params[p.place], c.Value)
			}
		}
	}
	if f.body != nil && isJSON(f.media) {
		if t, err := parse(body); err == nil {
			w.body = t
		}
	}
	return w
}

// text returns a request for the report.
func (f *form) text(r *http.Request, w wire) string {
	parts := []string{r.Method, r.URL.RequestURI()}
	for _, p := range f.params {
		if texts := w.params[p.place]; (p.in == "header" || p.in == "cookie") && len(texts) > 0 {
			parts = append(parts, p.name+": "+strings.Join(texts, ", "))
		}
	}
	if b, ok := f.bytes(w.body); ok {
		parts = append(parts, strings.TrimSpace(string(b)))
	}
	return short(strings.Join(parts, " "))
}

// requestOf returns what the endpoint of type e is called with for these requests, or items.
func requestOf(e reflect.Type, requests []reflect.Value) reflect.Value {
	if _, ok := endpoint.StreamItem(e.In(1)); !ok {
		return requests[0]
	}
	return reflect.ValueOf(endpoint.RestoreStream(e.In(1), func(yield func(any, error) bool) {
		for _, item := range requests {
			p := reflect.New(item.Type())
			p.Elem().Set(item)
			if !yield(p.Interface(), nil) {
				return
			}
		}
	}))
}
