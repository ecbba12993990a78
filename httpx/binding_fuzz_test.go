package httpx_test

import (
	"bytes"
	"cmp"
	"context"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// remembering returns servers on each router that keep what they bound last.
func remembering[T any](f *testing.F, method, path string) (got *T, handlers []http.Handler) {
	f.Helper()
	got = new(T)
	for _, name := range []string{"ServeMux", "chi"} {
		r := routers[name]()
		require.NoError(f, httpx.Mount(r, route(method, path, func(_ context.Context, in T) (endpoint.Empty, error) {
			*got = in
			return endpoint.Empty{}, nil
		})))
		handlers = append(handlers, r)
	}
	return got, handlers
}

// bindsAgain checks that a request is bound or refused for what is wrong with
// it, alike on each router; and that what was bound comes back from the
// client's encoding of it, if it can be sent.
func bindsAgain[T any](t *testing.T, got *T, handlers []http.Handler, method, path, target string, header http.Header) {
	t.Helper()
	var first T
	for i, h := range handlers {
		*got = *new(T)
		w, ok := served(h, method, target, header.Clone(), nil)
		if !ok {
			return
		}
		if w.Code != 200 {
			if w.Code != 400 && w.Code != 404 && w.Code != 405 && w.Code/100 != 3 {
				t.Fatalf("handler %d: status %d for %q: %s", i, w.Code, target, w.Body)
			}
			return
		}
		tidy(reflect.ValueOf(got).Elem())
		if i == 0 {
			first = *got
		}
		if !reflect.DeepEqual(first, *got) {
			t.Fatalf("handler %d bound %+v, the first one %+v", i, *got, first)
		}
		c := route[T, endpoint.Empty](method, path, nil)
		within(t, inProcess{h}, c)
		_, err := c.Do(t.Context(), first)
		if err != nil && !endpoint.ErrorOf(err).Remote() && endpoint.CodeOf(err) == endpoint.InvalidArgument {
			return // a value that cannot be sent, such as a control character in a header
		}
		require.NoError(t, err, "%+v: %v", first, faultsOf(err))
		tidy(reflect.ValueOf(got).Elem())
		if !reflect.DeepEqual(first, *got) {
			t.Fatalf("handler %d: %+v came back as %+v", i, first, *got)
		}
	}
}

type fuzzQuery struct {
	Text  string               `query:"text"`
	Flag  bool                 `query:"flag"`
	N     *int16               `query:"n"`
	F     float64              `query:"f"`
	Blob  []byte               `query:"blob"`
	Maybe codec.Optional[bool] `query:"maybe"`
	Texts []string             `query:"texts"`
	Pair  [2]uint8             `query:"pair"`
	Def   *int                 `query:"def" default:"7"` // a plain zero would come back as 7
}

// FuzzQuery has no query make a server panic, and what is bound come back.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "text=a&flag=1&n=-7&f=1e3&blob=AA&maybe=true&texts=a&texts=&pair=1&pair=2&def=0", "text=%ff", "text=a+b%2Bc", "%74ext=x", "text", "&&=&",
		"text=a;flag=1", "n=", "n=1&n=2", "f=NaN", "pair=1", "text=%00", "text=%zz", "x=y&text=ü", "text=%E2%80%A8",
	} {
		f.Add(query)
	}
	got, handlers := remembering[fuzzQuery](f, "GET", "/q")
	f.Fuzz(func(t *testing.T, query string) {
		bindsAgain(t, got, handlers, "GET", "/q", "/q?"+query, http.Header{})
	})
}

// FuzzPath has no path make a server panic, and what is bound come back.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"a/1/b", "a/1/", "a%2Fb/1/c/d", "%2e%2e/1/x", "../1/x", "ü/-1/%C3%BC", "a/1e2/x", "%ff/1/x", "%00/1/x", "a//x", "+/1/ ", ";/1/;=,", "%25/1/%2525", "a/1/x//y", "./1/."} {
		f.Add(path)
	}
	type request struct {
		A    string `path:"a"`
		N    int8   `path:"n"`
		Rest string `path:"rest"`
	}
	const pattern = "/p/{a}/{n}/{rest...}"
	got, handlers := remembering[request](f, "GET", pattern)
	f.Fuzz(func(t *testing.T, path string) {
		if strings.ContainsAny(path, "?#") || strings.Contains("/p/"+path, "//") || path != cleanPath(path) {
			return // another path for a ServeMux, which redirects it
		}
		bindsAgain(t, got, handlers, "GET", pattern, "/p/"+path, http.Header{})
	})
}

// cleanPath takes out what a ServeMux redirects for: segments that are dots.
func cleanPath(escaped string) string {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return escaped
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." || segment == "" {
			return ""
		}
	}
	return escaped
}

// FuzzCookies has no Cookie line make a server panic, and what is bound come
// back.
func FuzzCookies(f *testing.F) {
	for _, line := range []string{"", "a=1; b=2", `a="x y"; b="3"`, "a=1; a=2", "a", "a=;b=", `a="; b=1`, "a=\x00", "b=x", "=; ;;", "a=b=c; A=d", "a=1,b=2", "b=300"} {
		f.Add(line)
	}
	type request struct {
		A string `cookie:"a"`
		B *uint8 `cookie:"b"`
	}
	got, handlers := remembering[request](f, "GET", "/c")
	f.Fuzz(func(t *testing.T, line string) {
		bindsAgain(t, got, handlers, "GET", "/c", "/c", http.Header{"Cookie": {line}})
	})
}

// FuzzBinding has no headers and members make a server panic, and what is bound
// come back.
func FuzzBinding(f *testing.F) {
	for _, v := range []string{"", "a", " a, b", "1", "1.5s", "2024-02-29T12:00:00Z", "true", "\xff", "a\tb", "-1", "null"} {
		f.Add(v, v, `{"qty":1,"note":"x"}`)
	}
	got, handlers := remembering[defaulted](f, "POST", "/d")
	c := route[defaulted, endpoint.Empty]("POST", "/d", nil)
	within(f, inProcess{handlers[0]}, c)
	f.Fuzz(func(t *testing.T, query, header, body string) {
		h := http.Header{"X-Since": {header}}
		w, ok := served(handlers[0], "POST", "/d?"+url.Values{"sort": {query}, "limit": {header}}.Encode(), h, []byte(body))
		if !ok || w.Code == 400 {
			return
		}
		require.Equal(t, 200, w.Code, w.Body)
		want := *got
		if want.Rate.IsNull() {
			_, err := c.Do(t.Context(), want)
			require.NoError(t, err)
			return
		}
		_, err := c.Do(t.Context(), want)
		require.NoError(t, err, "%+v: %v", want, faultsOf(err))
		// A client does not send the zero of a plain field with a default.
		want.Limit = cmp.Or(want.Limit, 10)
		want.Since = cmp.Or(want.Since, time.Hour)
		want.Qty = cmp.Or(want.Qty, 1)
		want.Live = true
		require.Equal(t, want, *got)
	})
}

// FuzzContentType has every type of a body be one that is served, and then it
// is read by that, or be a 415.
func FuzzContentType(f *testing.F) {
	for _, v := range []string{
		"", "application/json", "application/json; charset=utf-8", "Application/JSON;CHARSET=\"UTF-8\"", "application/json; charset=latin1", "application/xml", "application/vnd.x+json",
		"application/vnd.x+xml;v=1", "text/plain", ";", "application/json;", "application/json; a", "application/json; a=b; a=c", "application/jsonx", "application/json,text/html", "\xff",
	} {
		f.Add(v, v)
		f.Add(v, "application/json")
	}
	h := mounted(f, echo[Text]("POST", "/"), httpx.Formats(codec.JSON(), codec.XML()))
	f.Fuzz(func(t *testing.T, first, second string) {
		// The body is one of JSON and none of XML.
		w, _ := served(h, "POST", "/", http.Header{"Content-Type": {first}}, []byte(`{"s":"x"}`))
		media, _, err := mime.ParseMediaType(first)
		switch {
		case w.Code == 200:
			if err != nil || media != "application/json" && !strings.HasPrefix(media, "application/") {
				t.Fatalf("%q was read as JSON", first)
			}
		case w.Code == 400 && strings.HasSuffix(media, "xml"):
		case w.Code == 415 && bytes.Contains(w.Body.Bytes(), []byte("UNSUPPORTED_MEDIA_TYPE")):
			if media == "application/json" && err == nil && !strings.Contains(strings.ToLower(first), "charset") {
				t.Fatalf("%q was refused", first)
			}
		default:
			t.Fatalf("%q: status %d: %s", first, w.Code, w.Body)
		}
		if w, _ = served(h, "POST", "/", http.Header{"Content-Type": {first, second}}, []byte(`{"s":"x"}`)); first != second && w.Code != 415 {
			t.Fatalf("two types, %q and %q: status %d", first, second, w.Code)
		}
	})
}
