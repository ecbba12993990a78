package httpx_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// twoMethods is a service with two routes of one path.
func twoMethods() *described {
	return describe(func(s *described, r *httpx.Routes) { r.POST("/a", &s.A); r.PUT("/a", &s.B) })
}

// TestProblems has a router's own answers be problems.
func TestProblems(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, twoMethods()))
		require.NoError(t, httpx.Mount(r, profiles()))
		url := listen(t, httpx.Problems(r))
		for name, tt := range map[string]struct {
			method, path string
			status       int
			reason       string
			allow        []string
		}{
			"no such path":          {"GET", "/nope", 404, "NO_ROUTE", nil},
			"of another method":     {"POST", "/nope/x", 404, "NO_ROUTE", nil},
			"OPTIONS of no path":    {"OPTIONS", "/nope", 404, "NO_ROUTE", nil},
			"no such method":        {"DELETE", "/a", 405, "METHOD_NOT_ALLOWED", []string{"OPTIONS, POST, PUT"}},
			"GET of a write":        {"GET", "/a", 405, "METHOD_NOT_ALLOWED", []string{"OPTIONS, POST, PUT"}},
			"a write of a read":     {"POST", "/profiles/7", 405, "METHOD_NOT_ALLOWED", []string{"GET, HEAD, OPTIONS, PUT"}},
			"OPTIONS":               {"OPTIONS", "/a", 204, "", []string{"OPTIONS, POST, PUT"}},
			"OPTIONS of a read":     {"OPTIONS", "/profiles/7", 204, "", []string{"GET, HEAD, OPTIONS, PUT"}},
			"a route":               {"POST", "/a", 200, "", nil},
			"a 404 of the service":  {"GET", "/profiles/7", 404, "NOT_FOUND", nil},
			"HEAD of no path":       {"HEAD", "/nope", 404, "", nil},
			"HEAD of a write":       {"HEAD", "/a", 405, "", []string{"OPTIONS, POST, PUT"}},
			"a path not cleaned up": {"GET", "/x/../nope", 404, "NO_ROUTE", nil},
		} {
			a := fetch(t, tt.method, url+tt.path, "{}")
			if a.status == 307 { // a ServeMux cleans paths up by redirects
				continue
			}
			require.Equal(t, tt.status, a.status, name)
			require.Equal(t, tt.allow, a.header["Allow"], name)
			if tt.reason != "" {
				require.Equal(t, tt.reason, a.problem(t).Reason, name)
			}
			if tt.status == 204 || tt.method == "HEAD" {
				require.Empty(t, a.body, name)
			}
			if tt.status == 204 {
				require.Empty(t, a.header.Values("Content-Type"), name)
				require.Empty(t, a.header.Values("Content-Length"), name)
				require.Empty(t, a.header.Values("X-Content-Type-Options"), name)
			}
		}
		// chi does not look for the path of a method that it does not know, and
		// names none that it does.
		a := fetch(t, "BREW", url+"/a", "")
		require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
		if a.status != 501 {
			require.Equal(t, 405, a.status)
			require.Contains(t, a.header.Get("Allow"), "OPTIONS")
		}

		get, head := fetch(t, "GET", url+"/nope", ""), fetch(t, "HEAD", url+"/nope", "")
		get.header.Del("Date")
		head.header.Del("Date")
		require.Equal(t, get.header, head.header)
		require.Empty(t, ask(t, httpx.Problems(r), "HEAD", "/nope", "").body, "nothing is written at all")
		require.Equal(t, "nosniff", get.header.Get("X-Content-Type-Options"))
	})
}

// TestOlderServer has a client of a newer service: what the server does not
// have is Unimplemented.
func TestOlderServer(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, route("GET", "/a", none[endpoint.Empty, Text])))
		url := listen(t, httpx.Problems(r))
		c := twoMethods()
		dial(t, url, c)
		_, err := c.A(t.Context(), Text{})
		require.ErrorIs(t, err, httpx.ErrMethodNotAllowed)
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
		p := &Profiles{}
		dial(t, url, p)
		_, err = p.Get(t.Context(), ByID{"7"})
		require.ErrorIs(t, err, httpx.ErrNoRoute)
		require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	})
}

// TestHandlersOwnAnswers has what handlers answer pass as it is.
func TestHandlersOwnAnswers(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]http.HandlerFunc{
		"a text of its own": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such thing", 404) },
		"a page":            answering(404, "<html>404 page not found</html>", "Content-Type", "text/html").ServeHTTP,
		"JSON":              answering(404, "404 page not found\n", "Content-Type", "application/json").ServeHTTP,
		"nothing":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		"an empty text":     answering(404, "", "Content-Type", "text/plain").ServeHTTP,
		"405 with a text":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "read only", http.StatusMethodNotAllowed) },
		"405 with JSON":     answering(405, "", "Content-Type", "application/json", "Allow", "GET").ServeHTTP,
		"200 and more":      answering(200, "404 page not found\n").ServeHTTP,
		"a text in parts": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "404 ")
			_, _ = io.WriteString(w, "page not found\n")
		},
		"a text and more": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "404 page not found\nbut")
		},
		"404 flushed": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "x")
		},
		"a redirect": answering(302, "", "Location", "/x").ServeHTTP,
		"information before": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "x")
		},
		"no status":               func(http.ResponseWriter, *http.Request) {},
		"a text of another error": answering(410, "404 page not found\n", "Content-Type", "text/plain").ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bare := fetch(t, "POST", listen(t, f), "")
			through := fetch(t, "POST", listen(t, httpx.Problems(f)), "")
			bare.header.Del("Date")
			through.header.Del("Date")
			require.Equal(t, bare, through)
		})
	}
}

// TestHandlersOwnTexts has handlers answer with the very texts of a router. On a
// path of their own that is theirs; below a prefix it is read as a router's, as
// which it may be.
func TestHandlersOwnTexts(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		prefix := "/tree/"
		if _, ok := r.(*chi.Mux); ok {
			prefix += "*"
		}
		notAllowed := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", "POST")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		}
		empty := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }
		r.Handle("GET /own", http.NotFoundHandler())
		r.Handle("GET /own/{id}", http.NotFoundHandler())
		r.Handle("GET /405", http.HandlerFunc(notAllowed))
		r.Handle("GET /empty", http.HandlerFunc(empty))
		r.Handle(prefix, http.StripPrefix("/tree", http.NewServeMux()))
		h := httpx.Problems(r)
		for path, want := range map[string]answer{
			"/own":       {status: 404, body: "404 page not found\n"},
			"/own/7":     {status: 404, body: "404 page not found\n"},
			"/own/a%2Fb": {status: 404, body: "404 page not found\n"},
			"/405":       {status: 405, body: "Method Not Allowed\n"},
			"/empty":     {status: 405},
		} {
			a := ask(t, h, "GET", path, "")
			require.Equal(t, want.status, a.status, path)
			require.Equal(t, want.body, a.body, path)
		}
		for _, path := range []string{"/", "/none", "/own/", "/own/7/8", "/tree/x"} {
			require.Equal(t, "NO_ROUTE", ask(t, h, "GET", path, "").problem(t).Reason, path)
		}
		require.Equal(t, "METHOD_NOT_ALLOWED", ask(t, h, "POST", "/own", "").problem(t).Reason)
		around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.Clone(r.Context())) })
		require.Equal(t, "404 page not found\n", ask(t, around, "GET", "/own", "").body)
	})
}

// TestProblemsOfChi has a chi router with handlers of the user's for what it
// does not find.
func TestProblemsOfChi(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	r.NotFound(answering(404, `{"own":1}`, "Content-Type", "application/json").ServeHTTP)
	require.NoError(t, httpx.Mount(r, twoMethods()))
	h := httpx.Problems(r)
	require.Equal(t, `{"own":1}`, ask(t, h, "GET", "/nope", "").body)
	require.Equal(t, "METHOD_NOT_ALLOWED", ask(t, h, "GET", "/a", "").problem(t).Reason)

	sub := chi.NewRouter()
	outer := chi.NewRouter()
	outer.Mount("/sub", sub)
	require.NoError(t, httpx.Mount(sub, twoMethods()))
	h = httpx.Problems(outer)
	require.Equal(t, "NO_ROUTE", ask(t, h, "GET", "/sub/nope", "").problem(t).Reason)
	a := ask(t, h, "GET", "/sub/a", "")
	require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
	require.Equal(t, []string{"OPTIONS, POST, PUT"}, a.header["Allow"])
}

// TestProblemsOfMounts has chi routers mounted in a chi router: the path of the
// mount itself, with and without a slash, is as any other that nobody serves,
// unless the router that is mounted has a route for its root.
func TestProblemsOfMounts(t *testing.T) {
	t.Parallel()
	root := func(method string) func(chi.Router) {
		return func(r chi.Router) { r.Method(method, "/", answering(200, "root")) }
	}
	with := func(fs ...func(chi.Router)) chi.Router {
		r := chi.NewRouter()
		for _, f := range fs {
			f(r)
		}
		return r
	}
	leaf := func(r chi.Router) { r.Get("/leaf", answering(200, "leaf").ServeHTTP) }
	mounted := func(at string, h http.Handler) func(chi.Router) {
		return func(r chi.Router) { r.Mount(at, h) }
	}
	notFound := func(r chi.Router) { r.Get("/", http.NotFound) }

	r := with(
		mounted("/bare", with(leaf)),
		mounted("/rooted", with(leaf, root("GET"))),
		mounted("/posts", with(root("POST"))),
		mounted("/own", with(notFound)),
		func(r chi.Router) {
			r.Route("/route", func(r chi.Router) { leaf(r) })
			r.Route("/rootedroute", func(r chi.Router) { leaf(r); root("GET")(r) })
			r.With(func(next http.Handler) http.Handler { return next }).Mount("/inline", with(leaf))
		},
		mounted("/slash/", with(leaf)),
		mounted("/of/{id}", with(leaf)),
		mounted("/outer", with(mounted("/low", with(leaf)), mounted("/base", with(root("GET"))), mounted("/mine", with(notFound)))),
		mounted("/atroot", with(mounted("/", with(root("GET"))))),
		mounted("/atbare", with(mounted("/", with(leaf)))),
		mounted("/stripped", http.StripPrefix("/stripped", with(leaf))),
		mounted("/strippedroot", http.StripPrefix("/strippedroot", with(root("GET")))),
		mounted("/later", with(leaf)),
		func(r chi.Router) {
			r.Get("/later", http.NotFound)
			r.Get("/beside", http.NotFound)
			r.Get("/beside/*", answering(200, "leaf").ServeHTTP)
		},
	)
	h := httpx.Problems(r)
	const none, post, theirs = "NO_ROUTE", "METHOD_NOT_ALLOWED", "404 page not found\n"
	for path, want := range map[string]string{
		"/bare": none, "/bare/": none, "/bare/x": none, "/bare/leaf": "leaf", "/bare//": none,
		"/rooted": "root", "/rooted/": "root", "/rooted/x": none, "/rooted/leaf": "leaf",
		"/posts": post, "/posts/": post, "/posts/x": none,
		"/own": theirs, "/own/": theirs, "/own/x": none,
		"/route": none, "/route/": none, "/route/leaf": "leaf",
		"/rootedroute": "root", "/rootedroute/": "root", "/rootedroute/leaf": "leaf",
		"/inline": none, "/inline/": none, "/inline/leaf": "leaf",
		"/slash": none, "/slash/": none, "/slash/leaf": "leaf",
		"/of/7": none, "/of/7/": none, "/of/7/leaf": "leaf",
		"/outer": none, "/outer/": none, "/outer/x": none,
		"/outer/low": none, "/outer/low/": none, "/outer/low/leaf": "leaf",
		"/outer/base": "root", "/outer/base/": "root", "/outer/base/x": none,
		"/outer/mine": theirs, "/outer/mine/": theirs,
		"/atroot": "root", "/atroot/": "root", "/atroot/x": none,
		"/atbare": none, "/atbare/": none, "/atbare/leaf": "leaf",
		"/stripped": none, "/stripped/": none, "/stripped/leaf": "leaf",
		"/strippedroot/": "root",
		"/later":         theirs, "/later/": none, "/later/leaf": "leaf",
		"/beside": theirs, "/beside/x": "leaf",
	} {
		a := ask(t, h, "GET", path, "")
		switch want {
		case none, post:
			if assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"), "%s: %d %q", path, a.status, a.body) {
				assert.Equal(t, want, a.problem(t).Reason, path)
			}
		default:
			assert.Equal(t, want, a.body, path)
		}
		if want == post {
			assert.Equal(t, []string{"OPTIONS, POST"}, a.header["Allow"], path)
			assert.Equal(t, 204, ask(t, h, "OPTIONS", path, "").status, path)
		}
	}
}

// TestProblemsOfOthers has handlers with methods that are not those of chi.
func TestProblemsOfOthers(t *testing.T) {
	t.Parallel()
	for _, h := range []http.Handler{noMatch{http.NotFoundHandler()}, noRoutes{http.NotFoundHandler()}} {
		require.Equal(t, "NO_ROUTE", ask(t, httpx.Problems(h), "GET", "/", "").problem(t).Reason)
	}
}

type noMatch struct{ http.Handler }

func (noMatch) Match(*int, string, string) bool { return true }

// noRoutes matches everything, and lists its routes in another form.
type noRoutes struct{ http.Handler }

func (noRoutes) Match(ctx *struct{ RoutePatterns []string }, _, _ string) bool {
	ctx.RoutePatterns = []string{"/"}
	return true
}

func (noRoutes) Routes() []string { return []string{"/"} }

// TestResponseController has all that a handler can do with its connection work
// through Problems.
func TestResponseController(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		assert.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		assert.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Minute)))
		assert.NoError(t, c.EnableFullDuplex())
		_, _ = io.WriteString(w, "first ")
		assert.NoError(t, c.Flush())
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_, _ = rw.WriteString("HTTP/1.1 418 Tea\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			_ = rw.Flush()
			_ = conn.Close()
		}
	})
	url := listen(t, httpx.Problems(mux))
	require.Equal(t, "first second", fetch(t, "POST", url+"/flush", "second").body)
	require.Equal(t, 418, fetch(t, "POST", url+"/hijack", "").status)
}

// TestProblemsAfterPanic has a handler panic half way: the next answer has
// nothing of it.
func TestProblemsAfterPanic(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/panic", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); panic("no") })
	mux.HandleFunc("/fine", answering(200, "fine").ServeHTTP)
	h := httpx.Problems(mux)
	for range 10 {
		w := httptest.NewRecorder()
		require.Equal(t, "no", catch(func() {
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/panic", nil))
		}))
		require.Zero(t, w.Body.Len())
		a := ask(t, h, "GET", "/fine", "")
		require.Equal(t, 200, a.status)
		require.Equal(t, "fine", a.body)
	}
}

// TestProblemsAllocateNothing has a route behind Problems cost no more.
func TestProblemsAllocateNothing(t *testing.T) {
	if underRace() {
		t.Skip("the race detector allocates")
	}
	fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	h := httpx.Problems(fine)
	w := &nullWriter{http.Header{}}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	require.Zero(t, testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }))
}

// TestProblemsOfNothing has no router.
func TestProblemsOfNothing(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "httpx: Problems: the router is nil", func() { httpx.Problems(nil) })
}
