package openapipage_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/openapipage"
)

// page serves the page at /docs, below the prefix /api.
func page(t *testing.T, c openapipage.Config) http.Handler {
	t.Helper()
	c.Path = "/docs"
	handlers, err := openapipage.New(c)
	require.NoError(t, err)
	require.Len(t, handlers, len(files(t))+2)
	mux := http.NewServeMux()
	for path, h := range handlers {
		if path == "/docs/" {
			path += "{$}"
		}
		mux.Handle(path, h)
	}
	return http.StripPrefix("/api", mux)
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// files returns the names of the files of the page, apart from the page itself.
func files(t *testing.T) []string {
	t.Helper()
	all, err := os.ReadDir("page")
	require.NoError(t, err)
	var names []string
	for _, f := range all {
		if f.Name() != "index.html" {
			names = append(names, f.Name())
		}
	}
	require.NotEmpty(t, names)
	return names
}

func TestPageFiles(t *testing.T) {
	t.Parallel()
	h := page(t, openapipage.Config{Document: "openapi.json", Others: []string{"openapi.yaml"}})
	media := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", "": "text/html; charset=utf-8"}
	for _, name := range append(files(t), "") {
		got := ask(h, "GET", "/api/docs/"+name)
		require.Equal(t, http.StatusOK, got.Code, name)
		require.NotEmpty(t, got.Body.String(), name)
		header := got.Result().Header
		require.Equal(t, media[filepath.Ext(name)], header.Get("Content-Type"), name)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Opener-Policy"))
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"))
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';", name)

		head := ask(h, "HEAD", "/api/docs/"+name)
		require.Equal(t, http.StatusOK, head.Code)
		require.Empty(t, head.Body.String())
		require.Equal(t, header, head.Result().Header, name)
	}
}

func TestPageCaches(t *testing.T) {
	t.Parallel()
	h := page(t, openapipage.Config{Document: "openapi.json"})
	tags := make(map[string]string)
	for _, name := range []string{"", "main.js", "page.css"} {
		first := ask(h, "GET", "/api/docs/"+name)
		tag := first.Header().Get("ETag")
		require.Regexp(t, `^"[\w-]{16}"$`, tag)
		require.Equal(t, "no-cache", first.Header().Get("Cache-Control"))
		again := ask(h, "GET", "/api/docs/"+name, "If-None-Match", tag)
		require.Equal(t, http.StatusNotModified, again.Code)
		require.Empty(t, again.Body.String())
		require.Equal(t, http.StatusOK, ask(h, "GET", "/api/docs/"+name, "If-None-Match", `"other"`).Code)
		require.NotContains(t, tags, tag)
		tags[tag] = name
	}
	other := ask(page(t, openapipage.Config{Document: "other.json"}), "GET", "/api/docs/")
	require.NotContains(t, tags, other.Header().Get("ETag"), "the page of another document")
}

// TestPageLinks has the page at its path with a slash at the end and without one, of the URI that
// the browser sees: a router may have removed the slash, or added it.
func TestPageLinks(t *testing.T) {
	t.Parallel()
	h := page(t, openapipage.Config{Document: "openapi.json", Others: []string{"v1/openapi.yaml"}})
	for _, tt := range []struct{ uri, routed, files, documents string }{
		{"/api/docs", "/api/docs", "./docs/", ""},
		{"/api/docs?a=/", "/api/docs", "./docs/", ""},
		{"/api/docs/?a", "/api/docs/", "", "../"},
		{"/other/docs/", "/api/docs", "", "../"},
		{"/other/docs", "/api/docs/", "./docs/", ""},
		{"http://a/docs/", "/api/docs", "", "../"},
	} {
		r := httptest.NewRequest("GET", tt.uri, nil)
		r.URL.Path = tt.routed
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, tt.uri)
		for _, want := range []string{
			`href="` + tt.documents + `openapi.json" id="document"`, `<a href="` + tt.documents + `openapi.json">openapi.json</a>`,
			`<a href="` + tt.documents + `v1/openapi.yaml">openapi.yaml</a>`,
			`src="` + tt.files + `main.js"`, `href="` + tt.files + `page.css"`, `href="` + tt.files + `try.css"`,
		} {
			require.Contains(t, w.Body.String(), want, tt.uri)
		}
	}
}

// TestPageIsStrict requires a page that works under its policy: nothing inline, nothing from
// elsewhere, nothing that makes HTML of a text, nothing stored.
func TestPageIsStrict(t *testing.T) {
	t.Parallel()
	h := page(t, openapipage.Config{Document: "openapi.json"})
	names := append(files(t), "")
	for _, name := range names {
		body := ask(h, "GET", "/api/docs/"+name).Body.String()
		require.NotRegexp(t, `(?:src|href|from|import|fetch|url)\W{0,3}(?:https?:)?//|<style|<script>|\sstyle=|\son[a-z]+="`, body, name)
		require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc`, body, name)
		require.NotRegexp(t, `localStorage|sessionStorage|indexedDB|document\.cookie|serviceWorker`, body, name)
		for _, imported := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(body, -1) {
			require.Contains(t, names, imported[1], name)
		}
	}
}

func TestPageFaults(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		"":                        `must be relative to the page, such as openapi.json, got ""`,
		"/openapi.json":           `must be relative to the page, such as openapi.json, got "/openapi.json"`,
		"//evil.example/a.json":   `got "//evil.example/a.json"`,
		"https://evil.example/a":  `got "https://evil.example/a"`,
		"//evil.example":          `got "//evil.example"`,
		"https://evil.example":    `got "https://evil.example"`,
		"https:/a.json":           `got "https:/a.json"`,
		"javascript:alert(1)":     `got "javascript:alert(1)"`,
		`\evil.example\a`:         `got "\\evil.example\\a"`,
		"%zz":                     `invalid URL escape "%zz"`,
		"data:application/json,0": `got "data:application/json,0"`,
	} {
		_, err := openapipage.New(openapipage.Config{Path: "/docs", Document: document})
		require.ErrorContains(t, err, want)
		_, err = openapipage.New(openapipage.Config{Path: "/docs", Document: "a.json", Others: []string{document}})
		require.ErrorContains(t, err, want)
	}
	for _, at := range []string{"", "/", "docs", "/docs/", "/a/../docs"} {
		_, err := openapipage.New(openapipage.Config{Path: at, Document: "a.json"})
		require.EqualError(t, err, fmt.Sprintf("the path of the page must begin with a slash and not end with one, got %q", at))
	}
	_, err := openapipage.New(openapipage.Config{Servers: []string{"ftp://a"}})
	require.ErrorContains(t, err, "the path of the page")
	require.ErrorContains(t, err, "openapi.json")
	require.ErrorContains(t, err, "ftp://a", "all faults are joined")
}

func TestPageEscapes(t *testing.T) {
	t.Parallel()
	body := ask(page(t, openapipage.Config{Document: `a"><script>.json`}), "GET", "/api/docs/").Body.String()
	require.NotContains(t, body, `<script>.json`)
	require.Contains(t, body, `href="../a&#34;&gt;&lt;script&gt;.json"`)
}
