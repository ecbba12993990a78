package httpx_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// accepting returns a service that takes what it gets and answers nothing.
func accepting[T any](method, path string, opts ...httpx.RouteOption) *one[T, endpoint.Empty] {
	return route(method, path, none[T, endpoint.Empty], opts...)
}

// served sends a request to h as a server would see it; ok is false if there is
// none with this target.
func served(h http.Handler, method, target string, header http.Header, body []byte) (w *httptest.ResponseRecorder, ok bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return nil, false
	}
	r := &http.Request{
		Method: method, URL: u, RequestURI: target, Header: header, Host: "example.com",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, true
}

// inProcess is a transport that calls a handler.
type inProcess struct{ h http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	w, ok := served(p.h, r.Method, r.URL.RequestURI(), r.Header.Clone(), body)
	if !ok {
		return nil, http.ErrNotSupported
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// within fills svc with calls of h in process.
func within(tb testing.TB, h http.RoundTripper, svc httpx.Service) {
	tb.Helper()
	require.NoError(tb, httpx.Client(httpx.To("http://example.com", httpx.HTTPClient(&http.Client{Transport: h})), svc))
}

// FuzzHandler has no request make a server panic or answer with a failure of
// its own: what is wrong is the request's fault, and said in a problem.
func FuzzHandler(f *testing.F) {
	paths := []string{"/s/1", "/a/x/1/1/r", "/f/l", "/t", "/nope", "/s/%2F", "/s/%zz", "/s//", "/a/%25/-1/1e3/a/b?text=1&texts=a&texts=b&pair=1&pair=2", "/s/1?limit=300&flag=1&wait=1s&pair=1"}
	bodies := []string{
		"", "{}", `{"s":"x"}`, `{"qty":1,"tags":{"a":1},"at":"2024-02-29T12:00:00Z","in":{"text":"x","n":[1]}}`, `{"body":{"Any":[1,{"a":null}],"Maybe":null},"note":"n","big":"7"}`,
		"[", "null", "\ufeff{}", `{"a":1}{}`, `{"a":"\ud800"}`, strings.Repeat("[", 20000), "mail=a&age=3", "mail=%ff&&=;", `{"s":1e999}`, "\x1f\x8b\x08\x00",
	}
	types := []string{"", "application/json", "application/json; charset=latin1", "text/plain", ";", "application/x-www-form-urlencoded", "application/x+json"}
	for i, path := range paths {
		for j, body := range bodies {
			f.Add(path, types[(i+j)%len(types)], "gzip"[:4*(j%2)], "*/*;q=0.1"[:9*(i%2)], `own=1; visits="2"; text=a`, "v", []byte(body))
		}
	}
	var handlers []http.Handler
	for _, name := range []string{"ServeMux", "chi"} {
		r := routers[name]()
		for _, svc := range []httpx.Service{
			accepting[secrets]("POST", "/s/{id}"), accepting[anything]("POST", "/a/{text}/{int}/{float}/{rest...}", httpx.AllowUnknown()),
			accepting[signUp]("POST", "/f/{list}"), accepting[Text]("POST", "/t", httpx.MaxBody(100)), accepting[defaulted]("POST", "/d"),
		} {
			require.NoError(f, httpx.Mount(r, svc))
		}
		handlers = append(handlers, httpx.Problems(r), r)
	}
	f.Fuzz(func(t *testing.T, target, contentType, coding, accept, cookie, header string, body []byte) {
		h := http.Header{}
		for k, v := range map[string]string{"Content-Type": contentType, "Content-Encoding": coding, "Accept": accept, "Cookie": cookie, "X-Since": header, "X-Text": header, "Connect-Timeout-Ms": ""} {
			if v != "" {
				h.Set(k, v)
			}
		}
		for i, handler := range handlers {
			w, ok := served(handler, "POST", target, h.Clone(), body)
			if !ok {
				return
			}
			if w.Code >= 500 {
				t.Fatalf("handler %d: status %d for %q: %s", i, w.Code, target, w.Body)
			}
			if !utf8.Valid(w.Body.Bytes()) {
				t.Fatalf("handler %d: an answer of no UTF-8: %q", i, w.Body)
			}
		}
	})
}

// FuzzProblem has no answer of a server make a client panic, and each that is no
// success be an error with a code.
func FuzzProblem(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `{"code":"NOT_FOUND","domain":"shop","reason":"GONE"}`, `{"code":"X","errors":[{"pointer":"/a"},null]}`, `{"code":"OK"}`,
		`{"type":7}`, `{"code":"ABORTED","retryAfter":"-1s","meta":{"a":null},"help":[{}],"more":{"x":[1]}}`, "<html>", "\xff", `{"code":"A","code":"B"}`, `{"s":"x"}`,
	} {
		for _, status := range []int{200, 204, 304, 400, 404, 500, 599} {
			f.Add(status, "application/problem+json", "3", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter string, body []byte) {
		if status < 200 || status > 999 || status/100 == 3 && status != 304 {
			return
		}
		c := route[endpoint.Empty, Text]("POST", "/", nil)
		within(t, transport(func(r *http.Request) *http.Response {
			return &http.Response{
				StatusCode: status, Request: r, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1,
				Header: http.Header{"Content-Type": {contentType}, "Retry-After": {retryAfter}},
			}
		}), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		if status > 299 && (err == nil || endpoint.CodeOf(err) == endpoint.OK) {
			t.Fatalf("status %d is no error", status)
		}
		if err == nil {
			return
		}
		e := endpoint.ErrorOf(err)
		if e.Code() < endpoint.Canceled || e.Code() > endpoint.Unauthenticated || e.RetryAfter() < 0 {
			t.Fatalf("code %v, retry after %v", e.Code(), e.RetryAfter())
		}
		_ = err.Error()
		// What came in can go out again.
		if w, _ := served(mounted(t, failing(e, httpx.Fails(errOne))), "POST", "/", http.Header{}, nil); !utf8.Valid(w.Body.Bytes()) {
			t.Fatalf("a problem of no UTF-8: %q", w.Body)
		}
	})
}

type transport func(r *http.Request) *http.Response

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// FuzzAccept has every Accept give an answer in a format that is offered, or a
// 406.
func FuzzAccept(f *testing.F) {
	for _, accept := range []string{"", "*/*", "application/*;q=0.5", "text/html", "application/json;q=0", "a/b;q=1.0;x=y", ",,", "application/xml;q=0.001,*/*;q=0"} {
		f.Add(accept)
	}
	mux := http.NewServeMux()
	require.NoError(f, httpx.Mount(mux, echo[Text]("POST", "/"), httpx.Formats(codec.JSON(), codec.XML())))
	f.Fuzz(func(t *testing.T, accept string) {
		w, _ := served(mux, "POST", "/", http.Header{"Accept": {accept}}, []byte(`{"s":"x"}`))
		switch got := w.Header().Get("Content-Type"); {
		case w.Code == 200 && (got == "application/json" || got == "application/xml"):
		case w.Code == 406 && got == "application/problem+json":
		default:
			t.Fatalf("%q: status %d, type %q", accept, w.Code, got)
		}
		// A type by name is as good as any other.
		w, _ = served(mux, "POST", "/", http.Header{"Accept": {accept, "application/json"}}, []byte(`{"s":"x"}`))
		if w.Code == 406 && !strings.Contains(strings.ToLower(accept), "application/json") {
			t.Fatalf("%q: an accepted type is refused", accept)
		}
	})
}

// FuzzPattern has each pattern be a fault on every router, or be a route that a
// client of the same pattern reaches with every value.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{
		"/", "", "/{a}/{b}", "/x/{a}/y/{b}/", "/{a}{b}", "/{a...}", "/{b}/{a...}", "/{a:x}", "/{a}/{$}", "//{a}/{b}", "/ü/{a}/{b}", "/~$&+,;=:@/{a}/{b}", "/*/{a}/{b}", "/{b}/../{a}", "/a%20/{b}/{a}",
	} {
		for _, v := range []string{"x", "a/b", "%2F", "..", "ü", " "} {
			f.Add(pattern, v, "b")
		}
	}
	f.Fuzz(func(t *testing.T, pattern, a, b string) {
		want := twoSegments{a, b}
		for name, newRouter := range routers {
			var got *twoSegments
			svc := route("PUT", pattern, func(_ context.Context, in twoSegments) (endpoint.Empty, error) {
				got = &in
				return endpoint.Empty{}, nil
			})
			r := newRouter()
			if err := httpx.Mount(r, svc); err != nil {
				require.ErrorContains(t, err, "httpx: one.Do: ")
				c := route[twoSegments, endpoint.Empty]("PUT", pattern, nil)
				require.Error(t, httpx.Client(httpx.To("http://x"), c), "a client takes %q, which %s does not", pattern, name)
				continue
			}
			c := route[twoSegments, endpoint.Empty]("PUT", pattern, nil)
			within(t, inProcess{r}, c)
			_, err := c.Do(t.Context(), want)
			if err != nil && !endpoint.ErrorOf(err).Remote() && endpoint.CodeOf(err) == endpoint.InvalidArgument {
				continue // a value that cannot be sent
			}
			if (a == "/" || b == "/") && name == "ServeMux" {
				continue // see TestSlashAsValue
			}
			require.NoError(t, err, "%s: %q with %q", name, pattern, want)
			require.Equal(t, &want, got, "%s: %q", name, pattern)
		}
	})
}
