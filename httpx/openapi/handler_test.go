package openapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	d := openapi.New("bookings", "1.0", new(Rooms))
	for path, want := range map[string]struct {
		media string
		text  []byte
	}{
		"/openapi.json":     {"application/vnd.oai.openapi+json;version=3.1", d.JSON()},
		"/openapi.yaml":     {"application/vnd.oai.openapi+yaml;version=3.1", d.YAML()},
		"/openapi-3.2.json": {"application/vnd.oai.openapi+json;version=3.2", d.JSON32()},
		"/openapi-3.2.yaml": {"application/vnd.oai.openapi+yaml;version=3.2", d.YAML32()},
	} {
		w := ask(d.Handler(), "GET", path)
		require.Equal(t, 200, w.Code, path)
		require.Equal(t, want.media, w.Header().Get("Content-Type"))
		require.Equal(t, string(want.text), w.Body.String())
		again := ask(d.Handler(), "GET", path, "If-None-Match", w.Header().Get("Etag"))
		require.Equal(t, 304, again.Code, path)
		head := ask(d.Handler(), "HEAD", path)
		require.Equal(t, 200, head.Code, path)
		require.Empty(t, head.Body.String())
	}
}

// TestMountBesideRoutes checks that a document takes nothing from the routes of a router, and
// nothing from what it answers where it has no route.
func TestMountBesideRoutes(t *testing.T) {
	t.Parallel()
	d := openapi.New("bookings", "1.0", new(Rooms))
	add := func(context.Context, Room) (endpoint.Empty, error) { return endpoint.Empty{}, nil }
	onChi, mounted, mux := chi.NewRouter(), chi.NewRouter(), http.NewServeMux()
	for _, r := range []httpx.Router{onChi, mounted, mux} {
		require.NoError(t, httpx.Mount(r, &Rooms{Add: add}))
	}
	require.NoError(t, d.Mount(onChi))
	require.NoError(t, d.Mount(mux))
	mounted.Mount("/", d.Handler())
	for name, h := range map[string]http.Handler{"chi": httpx.Problems(onChi), "a ServeMux": httpx.Problems(mux), "the handler": httpx.Problems(mounted)} {
		require.Equal(t, 200, ask(h, "GET", "/openapi.json").Code, name)
		require.Equal(t, 200, ask(h, "GET", "/docs").Code, name)
		require.Equal(t, 404, ask(h, "GET", "/docs/nothing").Code, name)
		w := ask(h, "GET", "/nowhere")
		require.Equal(t, 404, w.Code, name)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), name)
		if name != "the handler" {
			require.Equal(t, 405, ask(h, "GET", "/rooms").Code, name)
			require.Equal(t, 405, ask(h, "POST", "/openapi.json").Code, name)
		}
	}
}

// TestMountPage asks for the page, and for all that it links to, as a browser does: below
// prefixes, behind routers that add and remove slashes, and behind a proxy.
func TestMountPage(t *testing.T) {
	t.Parallel()
	d := openapi.New("bookings", "1.0", new(Rooms))
	mux := http.NewServeMux()
	require.NoError(t, d.Mount(mux))
	onChi := func(use ...func(http.Handler) http.Handler) chi.Router {
		r := chi.NewRouter()
		r.Use(use...)
		require.NoError(t, d.Mount(r))
		return r
	}
	mounted, outer := chi.NewRouter(), http.NewServeMux()
	mounted.Mount("/api", onChi())
	outer.Handle("/api/", http.StripPrefix("/api", d.Handler()))
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, "/api")
		r.Out.URL.Scheme, r.Out.URL.Host = "http", "service"
	}, Transport: transportOf(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(r.Method, r.URL.RequestURI(), r.Body))
		return w.Result(), nil
	})}
	for name, tt := range map[string]struct {
		h      http.Handler
		prefix string
	}{
		"a ServeMux":           {mux, ""},
		"chi":                  {onChi(), ""},
		"chi, StripSlashes":    {onChi(middleware.StripSlashes), ""},
		"chi, RedirectSlashes": {onChi(middleware.RedirectSlashes), ""},
		"chi in chi":           {mounted, "/api"},
		"StripPrefix":          {outer, "/api"},
		"a proxy":              {proxy, "/api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := httptest.NewServer(tt.h)
			t.Cleanup(site.Close)
			for _, path := range []string{"/docs", "/docs/", "/docs?a=b"} {
				at, header, text := get(t, site.URL+tt.prefix+path)
				require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
				links := regexp.MustCompile(`(?:src|href)="([^"#:]+)"`).FindAllStringSubmatch(text, -1)
				require.Len(t, links, 7, text)
				for _, link := range links {
					to, err := at.Parse(link[1])
					require.NoError(t, err)
					get(t, to.String())
				}
			}
			for _, path := range []string{"/docs/nothing.js", "/docs/index.html"} {
				require.Equal(t, 404, ask(tt.h, "GET", tt.prefix+path).Code, path)
			}
		})
	}
}

type transportOf func(r *http.Request) (*http.Response, error)

func (f transportOf) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// get asks for a URL, whose answer must be 200, and returns where the answer came from.
func get(t *testing.T, target string) (at *url.URL, header http.Header, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode, target)
	return resp.Request.URL, resp.Header, string(body)
}

// TestMountServers checks that the page can send requests to the servers of the document.
func TestMountServers(t *testing.T) {
	t.Parallel()
	d := openapi.New("bookings", "1.0", new(Rooms), openapi.Server("https://a.example/v1", ""), openapi.Server("/v2", ""), openapi.Server("v3", ""))
	require.Contains(t, ask(d.Handler(), "GET", "/docs").Header().Get("Content-Security-Policy"), "; connect-src 'self' https://a.example;")
	for _, server := range []string{"ftp://a.example", "mailto:a", "https://%zz"} {
		d := openapi.New("bookings", "1.0", new(Rooms), openapi.Server("https://a.example", ""), openapi.Server(server, ""))
		require.NoError(t, d.Err())
		mux := http.NewServeMux()
		require.ErrorContains(t, d.Mount(mux), `openapi: "bookings": the URL of a server`)
		require.Equal(t, 404, ask(mux, "GET", "/openapi.json").Code)
		require.Panics(t, func() { d.Handler() })
	}
}

func TestMountFaults(t *testing.T) {
	t.Parallel()
	d := openapi.New("", "", new(Rooms))
	mux := http.NewServeMux()
	require.ErrorIs(t, d.Mount(mux), d.Err())
	require.Equal(t, 404, ask(mux, "GET", "/openapi.json").Code)
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
