package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// pathValues are values that something on the way could take for something
// else.
var pathValues = []string{
	"a", "a/b", "//", "%2F", "%2f", "a%2Fb", "%252F", "%", "%%", "%zz", "ü", "日本", "😀", " ", "a b", "+", "a+b", "%20", ".", "..", "...", ".a",
	"%2E", "%2e%2e", "a?b=c", "#", "a#b", "&", "=", ";", "a;b", ",", ":", "@", "!", "$", "'", "(", ")", "*", "{a}", "{", "<x>", `"`, `\`, "^", "`", "|", "~", "_", "-",
	"\t", "\n", "\x01", "\x7f", "\u00a0", "\u2028", "a\u0301", "{rest...}", "0", "null",
}

type twoSegments struct {
	A string `path:"a"`
	B string `path:"b"`
}

// TestPathValues has each value alone, and beside another that may have the
// router look at the escaped path.
func TestPathValues(t *testing.T) {
	t.Parallel()
	var all []twoSegments
	for _, v := range pathValues {
		all = append(all, twoSegments{v, "plain"}, twoSegments{"a/b", v}, twoSegments{"%2F", v}, twoSegments{v, "//"}, twoSegments{v, v})
	}
	travels(t, "GET", "/x/{a}/to/{b}", all...)
	travels(t, "GET", "/{a}/{b}/", all...)
	travels(t, "POST", "/a:b/{a}/~c/{b}", all...)
}

// TestSlashAsValue is a limit of http.ServeMux, for which an escaped slash that
// is a whole segment is the end of a path.
func TestSlashAsValue(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		c := pair(t, r, echo[ByID]("PUT", "/x/{id}/y"))
		_, err := c.Do(t.Context(), ByID{"/"})
		if _, ok := r.(*http.ServeMux); ok {
			require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))
			return
		}
		require.NoError(t, err)
	})
}

type restOfPath struct {
	ID  string `path:"id"`
	All string `path:"all"`
}

// TestRestOfPath has the rest of a path as one value, whose slashes are its
// segments.
func TestRestOfPath(t *testing.T) {
	t.Parallel()
	var all []restOfPath
	for _, v := range []string{
		"", "a", "a/b", "a/b/c.txt", "a/", "ü/a b", "%2F", "%", "a%2Fb/c", "../x", "./a", "a/./b", "a/../b", "a/..", "..", ".", "a?b", "a#b", "{x}", "*", "+",
	} {
		all = append(all, restOfPath{"7", v}, restOfPath{"a/b", v}, restOfPath{"%2F", v}, restOfPath{"..", v})
	}
	travels(t, "GET", "/{id}/files/{all...}", all...)
}

// TestRestWithEmptySegments has rests that routers and proxies would change on
// the way: the client does not send them.
func TestRestWithEmptySegments(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		c := pair(t, r, echo[restOfPath]("PUT", "/{id}/{all...}"))
		for _, v := range []string{"/", "//", "/a", "a//b", "a//", "//a"} {
			_, err := c.Do(t.Context(), restOfPath{"7", v})
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), "%q: %v", v, err)
			require.False(t, endpoint.ErrorOf(err).Remote())
			require.Equal(t, []string{"path:all: has an empty segment"}, faultsOf(err))
		}
	})
}

// TestEmptyPathValue is another path: the client does not send it, and a server
// that is asked for it has no such path.
func TestEmptyPathValue(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		svc := echo[twoSegments]("PUT", "/x/{a}/{b}")
		require.NoError(t, httpx.Mount(r, svc))
		url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("X-Test") == "" {
				t.Error("it was sent")
			}
			r.ServeHTTP(w, req)
		}))
		c := route[twoSegments, twoSegments]("PUT", "/x/{a}/{b}", nil)
		dial(t, url, c)
		for _, v := range []twoSegments{{"", "b"}, {"a", ""}, {}} {
			_, err := c.Do(t.Context(), v)
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
			require.Contains(t, []string{"path:a: empty", "path:b: empty"}, faultsOf(err)[0])
		}
		for _, path := range []string{"/x//b", "/x/a/", "/x//"} {
			a := fetch(t, "PUT", url+path, "", "X-Test", "1")
			require.Contains(t, []int{307, 404}, a.status, path)
		}
	})
}

// TestTrailingSlash is part of a path and matches nothing more.
func TestTrailingSlash(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, echo[endpoint.Empty]("PUT", "/with/")))
		require.NoError(t, httpx.Mount(r, route("PUT", "/without", none[endpoint.Empty, endpoint.Empty])))
		require.NoError(t, httpx.Mount(r, route("PUT", "/", none[endpoint.Empty, endpoint.Empty])))
		require.NoError(t, httpx.Mount(r, echo[twoSegments]("PUT", "/v/{a}/{b}/")))
		for path, want := range map[string]int{
			"/with/": 200, "/without": 200, "/": 200, "/v/1/2/": 200,
			"/with/more": 404, "/without/": 404, "/more": 404, "/v/1/2/3": 404, "/v/1/2/3/": 404, "/v/1/": 404,
		} {
			require.Equal(t, want, ask(t, r, "PUT", path, "").status, path)
		}
	})
}

// TestUnder has a part of a service under a prefix, which has the options of
// the part.
func TestUnder(t *testing.T) {
	t.Parallel()
	for prefix, path := range map[string][2]string{"/v1": {"/v1/a", "/v1"}, "/v1/": {"/v1/a", "/v1"}, "/x/v1": {"/x/v1/a", "/x/v1"}} {
		svc := describe(func(s *described, r *httpx.Routes) {
			sub := r.Under(prefix, httpx.Status(201))
			sub.POST("/a", &s.A)
			sub.POST("", &s.B, httpx.Status(202))
		})
		h := mounted(t, svc)
		require.Equal(t, 201, ask(t, h, "POST", path[0], "{}").status)
		require.Equal(t, 202, ask(t, h, "POST", path[1], "{}").status)
	}
	nested := describe(func(s *described, r *httpx.Routes) {
		r.Under("/a").Under("/b").POST("/c", &s.A)
		r.POST("/c", &s.B)
	})
	require.Equal(t, 200, ask(t, mounted(t, nested), "POST", "/a/b/c", "{}").status)
}

// TestMountedBelow has a service on a router below another, in all ways that
// they are put together.
func TestMountedBelow(t *testing.T) {
	t.Parallel()
	build := map[string]func(t *testing.T, svc httpx.Service) http.Handler{
		"chi Route": func(t *testing.T, svc httpx.Service) http.Handler {
			r := chi.NewRouter()
			r.Route("/api/{version}", func(sub chi.Router) { require.NoError(t, httpx.Mount(sub, svc)) })
			return r
		},
		"chi Mount": func(t *testing.T, svc httpx.Service) http.Handler {
			r, sub := chi.NewRouter(), chi.NewRouter()
			require.NoError(t, httpx.Mount(sub, svc))
			r.Mount("/api/v1", sub)
			return r
		},
		"chi below chi, stripped": func(t *testing.T, svc httpx.Service) http.Handler {
			r, sub := chi.NewRouter(), chi.NewRouter()
			require.NoError(t, httpx.Mount(sub, svc))
			r.Mount("/api/v1", http.StripPrefix("/api/v1", sub))
			return r
		},
		"chi below ServeMux": func(t *testing.T, svc httpx.Service) http.Handler {
			mux, sub := http.NewServeMux(), chi.NewRouter()
			require.NoError(t, httpx.Mount(sub, svc))
			mux.Handle("/api/v1/", http.StripPrefix("/api/v1", sub))
			return mux
		},
		"ServeMux below chi": func(t *testing.T, svc httpx.Service) http.Handler {
			r, sub := chi.NewRouter(), http.NewServeMux()
			require.NoError(t, httpx.Mount(sub, svc))
			r.Mount("/api/v1", http.StripPrefix("/api/v1", sub))
			return r
		},
		"ServeMux below ServeMux": func(t *testing.T, svc httpx.Service) http.Handler {
			mux, sub := http.NewServeMux(), http.NewServeMux()
			require.NoError(t, httpx.Mount(sub, svc))
			mux.Handle("/api/v1/", http.StripPrefix("/api/v1", sub))
			return mux
		},
		"chi With": func(t *testing.T, svc httpx.Service) http.Handler {
			r := chi.NewRouter()
			r.Route("/api/v1", func(sub chi.Router) {
				with := sub.With(func(next http.Handler) http.Handler { return next })
				require.NoError(t, httpx.Mount(with, svc))
			})
			return r
		},
	}
	for name, f := range build {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got restOfPath
			svc := route("GET", "/{id}/files/{all...}", func(_ context.Context, in restOfPath) (endpoint.Empty, error) { got = in; return endpoint.Empty{}, nil })
			url := listen(t, f(t, svc))
			c := route[restOfPath, endpoint.Empty](svc.method, svc.path, nil)
			dial(t, url+"/api/v1", c)
			for _, want := range []restOfPath{{"7", "a/b"}, {"a/b", "ü"}, {"%2F", "x/../y"}, {"..", "a b"}, {"a/b", "%2F/%"}, {"7", ""}} {
				got = restOfPath{}
				_, err := c.Do(t.Context(), want)
				require.NoError(t, err, want)
				require.Equal(t, want, got)
			}
		})
	}
}

// TestDecodedOnce has middlewares and mounts that set the path by which chi routes:
// some take the escaped one, some the plain one.
func TestDecodedOnce(t *testing.T) {
	t.Parallel()
	svc := echo[twoSegments]("GET", "/items/{a}/{b}")
	rest := echo[restOfPath]("GET", "/files/{id}/{all...}")
	leaf := func(t *testing.T, use ...func(http.Handler) http.Handler) *chi.Mux {
		r := chi.NewRouter()
		r.Use(use...)
		require.NoError(t, httpx.Mount(r, svc))
		require.NoError(t, httpx.Mount(r, rest))
		return r
	}
	below := func(prefix string, sub http.Handler, use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Mount(prefix, sub)
		return r
	}
	alone := func(use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Method("GET", "/items/{a}/{b}", httpx.Handler(func(_ context.Context, in twoSegments) (twoSegments, error) { return in, nil }))
		return r
	}
	strip, clean := middleware.StripSlashes, middleware.CleanPath
	for name, tt := range map[string]struct {
		h      http.Handler
		prefix string
		// The end of the paths, and whether there are files.
		end   string
		files bool
	}{
		"chi":                            {leaf(t), "", "", true},
		"StripSlashes":                   {leaf(t, strip), "", "/", true},
		"StripSlashes without a slash":   {leaf(t, strip), "", "", true},
		"StripSlashes around the router": {strip(leaf(t)), "", "", true},
		"StripSlashes, mounted":          {below("/api", leaf(t), strip), "/api", "/", true},
		"StripSlashes below a mount":     {below("/api", leaf(t, strip)), "/api", "/", true},
		"StripSlashes, stripped":         {http.StripPrefix("/api", leaf(t, strip)), "/api", "/", true},
		"StripSlashes in StripPrefix":    {below("/api", http.StripPrefix("/api", leaf(t, strip))), "/api", "/", true},
		"StripSlashes and a wildcard":    {below("/{a}/{tenant}", leaf(t, strip)), "/%2525/%41", "/", true},
		"CleanPath":                      {leaf(t, clean), "/", "", true},
		"CleanPath and StripSlashes":     {leaf(t, clean, strip), "//.", "/", true},
		"URLFormat":                      {leaf(t, middleware.URLFormat), "", ".json", false},
		"URLFormat below a mount":        {below("/api", leaf(t, middleware.URLFormat)), "/api", ".json", false},
		"a Handler":                      {alone(), "", "", false},
		"a Handler and StripSlashes":     {alone(strip), "", "/", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for path, want := range map[string]string{
				"/items/a/b":                `{"A":"a","B":"b"}`,
				"/items/%41%2525/b":         `{"A":"A%25","B":"b"}`,
				"/items/b/%41%2525":         `{"A":"b","B":"A%25"}`,
				"/items/%41%25/%3A%252F":    `{"A":"A%","B":":%2F"}`,
				"/items/%2541/b":            `{"A":"%41","B":"b"}`, // whose escapes are those of the plain path
				"/items/%2541/%41":          `{"A":"%41","B":"A"}`,
				"/items/%252541/%41%2541":   `{"A":"%2541","B":"A%41"}`,
				"/files/%2541/%41%2541/%25": `{"ID":"%41","All":"A%41/%"}`,
			} {
				if strings.HasPrefix(path, "/files") && !tt.files {
					continue
				}
				a := ask(t, tt.h, "GET", tt.prefix+path+tt.end, "")
				require.Equal(t, 200, a.status, "%s: %s", path, a.body)
				require.Equal(t, want, a.body, path)
			}
		})
	}
	// The escaped path has a segment less than the one that is routed.
	require.JSONEq(t, `{"A":"%2541","B":"z"}`, ask(t, leaf(t, strip), "GET", "/items%2F%252541/z/", "").body)
}

// TestHandlerPath has a Handler, which does not know the router, read the path.
func TestHandlerPath(t *testing.T) {
	t.Parallel()
	h := httpx.Handler(func(_ context.Context, in twoSegments) (twoSegments, error) { return in, nil })
	mux, r := http.NewServeMux(), chi.NewRouter()
	mux.Handle("GET /x/{a}/{b}", h)
	mux.Handle("/y/{a}/z/{b}/{$}", h)
	below := http.NewServeMux()
	below.Handle("/base/", http.StripPrefix("/base", mux))
	r.Get("/x/{a}/{b}", h.ServeHTTP)
	r.Get("/y/{a}/z/{b}/", h.ServeHTTP)
	r.Mount("/base", http.StripPrefix("/base", r))
	for name, tt := range map[string]struct {
		router     http.Handler
		base, path string
	}{
		"ServeMux":               {mux, "", "/x/{a}/{b}"},
		"ServeMux, with a slash": {mux, "", "/y/{a}/z/{b}/"},
		"ServeMux, stripped":     {below, "/base", "/x/{a}/{b}"},
		"chi":                    {r, "", "/x/{a}/{b}"},
		"chi, with a slash":      {r, "", "/y/{a}/z/{b}/"},
		"chi, stripped":          {r, "/base", "/x/{a}/{b}"},
	} {
		c := route[twoSegments, map[string]string]("GET", tt.path, nil)
		dial(t, listen(t, tt.router)+tt.base, c)
		for _, v := range pathValues {
			for _, in := range []twoSegments{{v, "plain"}, {v, "a/b"}, {"a/b", v}} {
				got, err := c.Do(t.Context(), in)
				require.NoError(t, err, "%s: %q", name, in)
				require.Equal(t, map[string]string{"A": in.A, "B": in.B}, got, name)
			}
		}
	}
	// Where the router has no such wildcard, there is no such path.
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/x/1/2", nil))
	require.Equal(t, 404, w.Code)
}

// TestBasePath has a server below a path of its own, with escapes of its own.
func TestBasePath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"": "/x/a%2Fb", "/": "/x/a%2Fb", "/api": "/api/x/a%2Fb", "/api/": "/api/x/a%2Fb", "/a%2Fb": "/a%2Fb/x/a%2Fb", "/%C3%BC": "/%C3%BC/x/a%2Fb", "/ü": "/%C3%BC/x/a%2Fb",
	} {
		var got string
		url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.RequestURI
			_, _ = w.Write([]byte("{}"))
		}))
		c := route[ByID, endpoint.Empty]("GET", "/x/{id}", nil)
		dial(t, url+base, c)
		_, err := c.Do(t.Context(), ByID{"a/b"})
		require.NoError(t, err)
		require.Equal(t, want, got, base)
	}
}
