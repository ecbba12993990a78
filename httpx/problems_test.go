package httpx_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
	"github.com/typedkit/endpoint/internal/unrouted"
	"github.com/typedkit/endpoint/observe"
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
		"the text of a router": answering(404, "404 page not found\n", "Content-Type", "text/plain; charset=utf-8").ServeHTTP,
		"405 with a router's text": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", "POST")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		},
		"405 with nothing":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"no status":               func(http.ResponseWriter, *http.Request) {},
		"a text of another error": answering(410, "404 page not found\n", "Content-Type", "text/plain").ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onRouters(t, func(t *testing.T, r muxer) {
				r.Handle("POST /x", f)
				bare := fetch(t, "POST", listen(t, f), "")
				through := fetch(t, "POST", listen(t, httpx.Problems(r))+"/x", "")
				bare.header.Del("Date")
				through.header.Del("Date")
				require.Equal(t, bare, through)
			})
		})
	}
}

// TestProblemsAreCalls has requests that no route matches pass the layers and the
// hooks, as calls of one operation for each method.
func TestProblemsAreCalls(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, twoMethods()))
		type call struct {
			method string
			status int
			err    error
		}
		var calls []call
		var hooked []error
		ops := map[*endpoint.Operation]bool{}
		see := &layer{exit: func(ctx context.Context, err error) error {
			c := endpoint.CallFrom(ctx)
			op := c.Operation()
			ops[op] = true
			assert.Equal(t, "httpx.Problems", op.Service+"."+op.Name)
			assert.Equal(t, "http", op.Transport)
			assert.Equal(t, endpoint.ServerSide, op.Side)
			assert.Empty(t, op.Pattern)
			assert.True(t, op.Unrouted)
			assert.NotEmpty(t, c.Peer())
			c.Reply().Set("X-Request-Id", "7")
			calls = append(calls, call{op.Method, c.Status(err), err})
			return err
		}}
		h := httpx.Problems(r, httpx.Use(see), httpx.ErrorHook(func(_ context.Context, err error) { hooked = append(hooked, err) }))
		for _, tt := range []struct {
			method, path string
			want         call
		}{
			{"GET", "/nope", call{"GET", 404, httpx.ErrNoRoute}},
			{"HEAD", "/nope", call{"HEAD", 404, httpx.ErrNoRoute}},
			{"DELETE", "/a", call{"DELETE", 405, httpx.ErrMethodNotAllowed}},
			{"OPTIONS", "/a", call{"OPTIONS", 204, nil}},
			{"GET", "/nope", call{"GET", 404, httpx.ErrNoRoute}},
			{"LINK", "/a", call{"_OTHER", 405, httpx.ErrMethodNotAllowed}},
		} {
			calls, hooked = nil, nil
			a := ask(t, h, tt.method, tt.path, "")
			require.Equal(t, []call{tt.want}, calls, "%s %s", tt.method, tt.path)
			require.Equal(t, tt.want.status, a.status)
			require.Equal(t, "7", a.header.Get("X-Request-Id"))
			if tt.want.err == nil {
				require.Empty(t, hooked)
			} else {
				require.Equal(t, []error{tt.want.err}, hooked)
			}
		}
		require.Len(t, ops, 5, "one operation for each method")

		calls = nil
		require.Equal(t, 200, ask(t, h, "POST", "/a", "{}").status)
		require.Empty(t, calls, "a route has layers of its own")
	})
}

// TestProblemsRefused has a layer refuse requests that no route matches, before the
// router is asked what it has.
func TestProblemsRefused(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, twoMethods()))
		limited := endpoint.Define(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "too many calls")
		h := httpx.Problems(r, httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, limited }}))
		for _, method := range []string{"GET", "OPTIONS"} {
			a := ask(t, h, method, "/a", "")
			require.Equal(t, 429, a.status)
			require.Equal(t, "RATE_LIMITED", a.problem(t).Reason)
			require.Empty(t, a.header["Allow"])
		}
		require.Equal(t, 200, ask(t, h, "POST", "/a", "{}").status)
	})
}

// TestProblemsInLog has the path of what no route matches in the log, cut and without
// its query. The logs of routes have no path.
func TestProblemsInLog(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		var out bytes.Buffer
		logger := observe.NewLogger(slog.New(slog.NewJSONHandler(&out, nil)))
		require.NoError(t, httpx.Mount(r, twoMethods(), httpx.Use(logger)))
		valid := &layer{enter: func(ctx context.Context) (context.Context, error) {
			assert.True(t, utf8.ValidString(unrouted.Path(ctx)))
			return ctx, nil
		}}
		h := httpx.Problems(r, httpx.Use(logger, valid))
		for _, tt := range []struct{ method, target, path, status string }{
			{"GET", "/nope?token=secret", "/nope", "404"},
			{"PATCH", "/a", "/a", "405"},
			{"OPTIONS", "/a", "/a", "204"},
			{"GET", "http://example.com/no%20pe?token=secret", "/no%20pe", "404"},
			{"GET", "/" + strings.Repeat("x", 5000), "/" + strings.Repeat("x", 255), "404"},
			{"GET", "/" + strings.Repeat("x", 254) + "\u00fc", "/" + strings.Repeat("x", 254) + "\ufffd", "404"},
			{"POST", "/a", "", "200"},
		} {
			out.Reset()
			ask(t, http.StripPrefix("/strip", h), tt.method, strings.Replace(tt.target, "/", "/strip/", 1), "{}")
			ask(t, h, tt.method, tt.target, "{}")
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if strings.HasPrefix(tt.target, "/") {
				require.Len(t, lines, 2)
				require.Equal(t, tt.path != "", strings.Contains(lines[0], `"url.path":"/strip/`), "%s", lines[0])
			}
			var record map[string]any
			require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &record))
			path, _ := record["url.path"].(string)
			require.Equal(t, tt.path, path)
			require.Equal(t, tt.status, fmt.Sprint(record["http.response.status_code"]))
			require.NotContains(t, out.String(), "secret")
		}
	})
}

// TestProblemsFaults has wrong routers, options and layers panic at construction, all of
// them together.
func TestProblemsFaults(t *testing.T) {
	t.Parallel()
	broken := httpx.Use(brokenPolicy{errors.New("limit: -1 is negative"), &layer{}})
	for name, tt := range map[string]struct {
		router muxer
		opts   []httpx.Option
		want   string
	}{
		"no router":            {nil, nil, "httpx: Problems: the router is nil"},
		"a nil mux":            {(*http.ServeMux)(nil), nil, "httpx: Problems: the router is nil"},
		"a nil chi router":     {(*chi.Mux)(nil), nil, "httpx: Problems: the router is nil"},
		"another router":       {struct{ *http.ServeMux }{http.NewServeMux()}, nil, "httpx: Problems: the router is a struct { *http.ServeMux }; it must be a chi router or an *http.ServeMux"},
		"a nil option":         {http.NewServeMux(), []httpx.Option{nil}, "httpx: Problems: a nil option"},
		"a nil hook":           {chi.NewRouter(), []httpx.Option{httpx.ErrorHook(nil)}, "httpx: Problems: option ErrorHook: the function is nil"},
		"formats":              {chi.NewRouter(), []httpx.Option{httpx.Formats(codec.JSON())}, "httpx: Problems: option Formats is for routes: problems are JSON"},
		"a nil layer":          {http.NewServeMux(), []httpx.Option{httpx.Use(nil)}, "httpx: Problems: endpoint: a layer of the stack is nil"},
		"a faulty layer":       {http.NewServeMux(), []httpx.Option{broken}, "httpx: Problems: limit: -1 is negative"},
		"a layer that repeats": {http.NewServeMux(), []httpx.Option{httpx.Use(repeater{&layer{}})}, "httpx: Problems: endpoint: httpx_test.repeater repeats calls and is for clients: a server that repeats runs its handler twice"},
		"all at once":          {nil, []httpx.Option{nil, broken}, "httpx: Problems: a nil option\nthe router is nil\nlimit: -1 is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, catch(func() { httpx.Problems(tt.router, tt.opts...) }))
		})
	}
	mux := http.NewServeMux()
	catch(func() { httpx.Problems(mux, nil) })
	require.Equal(t, "404 page not found\n", ask(t, mux, "GET", "/", "").body, "nothing is registered after a fault")
}

// TestProblemsGiveWriter has a handler get the response writer of the server itself, with
// all that it can do.
func TestProblemsGiveWriter(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		var got http.ResponseWriter
		r.Handle("GET /x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w }))
		w := httptest.NewRecorder()
		httpx.Problems(r).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
		require.Same(t, w, got)
	})
}

// TestProblemsKeepRedirects has a ServeMux redirect as it does without Problems, and has
// no pattern in a request that no route matches.
func TestProblemsKeepRedirects(t *testing.T) {
	t.Parallel()
	newMux := func() *http.ServeMux {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /sub/", answering(200, "sub").ServeHTTP)
		mux.HandleFunc("POST /one/{$}", answering(200, "one").ServeHTTP)
		mux.HandleFunc("/a/b", answering(200, "ab").ServeHTTP)
		mux.HandleFunc("example.com/host/", answering(200, "host").ServeHTTP)
		mux.HandleFunc("GET /{$}", answering(200, "root").ServeHTTP)
		return mux
	}
	bare := newMux()
	with := newMux()
	h := httpx.Problems(with)
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "BREW"} {
		for _, target := range []string{
			"/sub", "/sub/", "/sub/x", "/sub?q=1", "//sub", "/one", "/one/", "/a//b", "/a/./b", "/a/b/../b?q", "/a/b/", "/nope//x",
			"/nope/../nope", "/", "//", "/host", "http://example.com/host", "http://example.com/host/x", "/a%2Fb", "/sub%2F", "http://example.com",
		} {
			// What a mux without Problems answers in text is a problem.
			want, got := ask(t, bare, method, target, ""), ask(t, h, method, target, "")
			where := method + " " + target
			switch {
			case want.status == 405 && method == "OPTIONS":
				require.Equal(t, 204, got.status, where)
			default:
				require.Equal(t, want.status, got.status, where)
			}
			require.Equal(t, want.header["Location"], got.header["Location"], where)
			if want.status >= 400 && want.status != 405 && method != "HEAD" {
				require.Equal(t, "NO_ROUTE", got.problem(t).Reason, where)
			}
			if want.status == 405 {
				allow := append(strings.Split(want.header.Get("Allow"), ", "), "OPTIONS")
				slices.Sort(allow)
				require.Equal(t, strings.Join(allow, ", "), got.header.Get("Allow"), where)
			}
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/nope", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	require.Empty(t, r.Pattern)
}

// TestProblemsOfHosts has patterns with a host allow methods on that host only.
func TestProblemsOfHosts(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("GET a.example/x", answering(200, "a"))
	mux.Handle("PUT /x", answering(200, "all"))
	mux.Handle("GET a.example/y", answering(200, "a"))
	h := httpx.Problems(mux)
	for target, want := range map[string]string{
		"http://a.example/x": "GET, HEAD, OPTIONS, PUT", "http://a.example:81/x": "GET, HEAD, OPTIONS, PUT", "http://b.example/x": "OPTIONS, PUT",
		"http://a.example/y": "GET, HEAD, OPTIONS", "http://b.example/y": "",
	} {
		a := ask(t, h, "DELETE", target, "")
		require.Equal(t, want, a.header.Get("Allow"), target)
		if want == "" {
			require.Equal(t, "NO_ROUTE", a.problem(t).Reason, target)
		}
	}
}

// TestProblemsWithoutPath has targets of requests that are not a path.
func TestProblemsWithoutPath(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, twoMethods()))
		h := httpx.Problems(r)
		require.Equal(t, "NO_ROUTE", ask(t, h, "CONNECT", "example.com:443", "").problem(t).Reason)
		require.Equal(t, "OPTIONS, POST, PUT", ask(t, h, "CONNECT", "/a", "").header.Get("Allow"))

		// A ServeMux refuses the target "*" by itself.
		want := 400
		if usesChi(r) {
			want = 404
		}
		require.Equal(t, want, ask(t, h, "GET", "*", "").status)
	})
}

func usesChi(r muxer) bool {
	_, ok := r.(*chi.Mux)
	return ok
}

// TestProblemsBesideCatchAll has a mux whose user answers all that nothing else matches.
func TestProblemsBesideCatchAll(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"/", "/{rest...}"} {
		mux := http.NewServeMux()
		mux.Handle(pattern, answering(200, "page"))
		mux.Handle("POST /a", answering(200, "a"))
		h := httpx.Problems(mux)
		require.Equal(t, "page", ask(t, h, "GET", "/nope", "").body)
		require.Equal(t, "page", ask(t, h, "GET", "/a", "").body)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", answering(200, "page"))
	h := httpx.Problems(mux)
	require.Equal(t, "page", ask(t, h, "GET", "/nope", "").body)
	require.Equal(t, "METHOD_NOT_ALLOWED", ask(t, h, "POST", "/nope", "").problem(t).Reason)
	require.ErrorContains(t, catch(func() { mux.Handle("/", answering(200, "")) }).(error), `pattern "/"`)
	httpx.Problems(mux)
	require.Equal(t, "METHOD_NOT_ALLOWED", ask(t, h, "POST", "/nope", "").problem(t).Reason, "once more changes nothing")
}

// TestProblemsOfMethods has methods that chi does not know, and one that it was told of.
func TestProblemsOfMethods(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, twoMethods()))
	r.Method("LINK", "/link", answering(200, "linked"))
	statuses := map[string]int{}
	h := httpx.Problems(r, httpx.Use(&layer{exit: func(ctx context.Context, err error) error {
		c := endpoint.CallFrom(ctx)
		statuses[c.Operation().Method] = c.Status(err)
		return err
	}}))
	require.Equal(t, "linked", ask(t, h, "LINK", "/link", "").body)
	a := ask(t, h, "LINK", "/a", "")
	require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
	require.Equal(t, 405, a.status)
	require.Equal(t, "OPTIONS, POST, PUT", a.header.Get("Allow"))
	require.Equal(t, 404, ask(t, h, "LINK", "/nope", "").status)
	for _, path := range []string{"/a", "/nope"} {
		a = ask(t, h, "BREW", path, "")
		require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
		require.Equal(t, 501, a.status)
		require.Empty(t, a.header["Allow"])
		require.Equal(t, map[string]int{"_OTHER": 501}, statuses)
	}
}

// TestProblemsOfChi has a chi router with hooks of the user's.
func TestProblemsOfChi(t *testing.T) {
	t.Parallel()
	mine := answering(404, "mine").ServeHTTP
	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, twoMethods()))
	r.NotFound(mine)
	h := httpx.Problems(r)
	require.Equal(t, "NO_ROUTE", ask(t, h, "GET", "/nope", "").problem(t).Reason, "Problems replaces a hook")
	r.NotFound(mine)
	require.Equal(t, "mine", ask(t, h, "GET", "/nope", "").body, "a hook replaces that of Problems")
	require.Equal(t, "METHOD_NOT_ALLOWED", ask(t, h, "GET", "/a", "").problem(t).Reason)
	r.MethodNotAllowed(mine)
	require.Equal(t, "mine", ask(t, h, "GET", "/a", "").body)

	// A router that is mounted has the hooks of the outer one, but for its own.
	outer, before, after := chi.NewRouter(), chi.NewRouter(), chi.NewRouter()
	require.NoError(t, httpx.Mount(before, twoMethods()))
	require.NoError(t, httpx.Mount(after, twoMethods()))
	own := chi.NewRouter()
	own.NotFound(mine)
	outer.Mount("/before", before)
	h = httpx.Problems(outer)
	outer.Mount("/after", after)
	outer.Mount("/own", own)
	for _, prefix := range []string{"/before", "/after"} {
		require.Equal(t, "NO_ROUTE", ask(t, h, "GET", prefix+"/nope", "").problem(t).Reason)
		a := ask(t, h, "GET", prefix+"/a", "")
		require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
		require.Equal(t, []string{"OPTIONS, POST, PUT"}, a.header["Allow"])
	}
	require.Equal(t, "mine", ask(t, h, "GET", "/own/nope", "").body)
}

// TestProblemsOfEmptyChi has a chi router without a route, and its hooks called by a
// handler outside of it.
func TestProblemsOfEmptyChi(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	h := httpx.Problems(r)
	require.Equal(t, "NO_ROUTE", ask(t, h, "GET", "/nope", "").problem(t).Reason)
	require.NoError(t, httpx.Mount(r, twoMethods()))
	require.Equal(t, "NO_ROUTE", ask(t, r.NotFoundHandler(), "GET", "/a", "").problem(t).Reason)
	a := ask(t, r.MethodNotAllowedHandler(), "GET", "/a", "")
	require.Equal(t, "METHOD_NOT_ALLOWED", a.problem(t).Reason)
	require.Equal(t, "OPTIONS, POST, PUT", a.header.Get("Allow"))
	require.Equal(t, 501, ask(t, r.MethodNotAllowedHandler(), "BREW", "/a", "").status)
}

// TestAllowOfMounts has the methods of paths in routers below routers, by mounts of chi,
// by other handlers, and both.
func TestAllowOfMounts(t *testing.T) {
	t.Parallel()
	strip := func(prefix string, r muxer) http.Handler { return http.StripPrefix(prefix, httpx.Problems(r)) }
	leaf := func(method string) chi.Router {
		r := chi.NewRouter()
		r.Method(method, "/leaf", answering(200, "leaf"))
		return r
	}
	inMux := http.NewServeMux()
	inMux.Handle("DELETE /leaf", answering(200, "leaf"))
	both := leaf("PATCH") // has a mount of the name under which it is mounted
	both.Mount("/both", leaf("DELETE"))
	deep := chi.NewRouter()
	deep.Mount("/in", leaf("PUT"))
	deep.Mount("/strip", strip("/deep/strip", leaf("GET")))
	deeper := chi.NewRouter()
	deeper.Mount("/x", leaf("PUT"))
	twice := chi.NewRouter()
	twice.Mount("/b", strip("/b", deeper))

	r := chi.NewRouter()
	r.Use(middleware.StripSlashes)
	r.Mount("/chi", leaf("PUT"))
	own := leaf("PUT")
	r.Mount("/own", httpx.Problems(own))
	r.Mount("/both", strip("/both", both))
	r.Mount("/deep", deep)
	r.Mount("/twice", strip("/twice", twice))
	r.Mount("/mux", strip("/mux", inMux))
	r.Handle("/handle/*", strip("/handle", leaf("PUT")))
	r.Mount("/beside", leaf("PUT"))
	r.Method("GET", "/beside/leaf", answering(200, "beside"))
	r.Mount("/empty", chi.NewRouter())
	r.Group(func(r chi.Router) { r.Mount("/group", leaf("PUT")) })
	r.Mount("/", leaf("PUT"))
	r.Method("GET", "/own-leaf", answering(200, "leaf"))
	h := httpx.Problems(r)

	const put, get, patch, del = "OPTIONS, PUT", "GET, OPTIONS", "OPTIONS, PATCH", "DELETE, OPTIONS"
	for path, want := range map[string]string{
		"/chi/leaf": put, "/own/leaf": put, "/both/leaf": patch, "/both/both/leaf": del, "/deep/in/leaf": put, "/deep/strip/leaf": get,
		"/twice/b/x/leaf": put, "/mux/leaf": del, "/handle/leaf": put, "/beside/leaf": "GET, OPTIONS, PUT", "/group/leaf": put, "/leaf": put, "/own-leaf": get,
		"/chi/leaf/": put, "/leaf/": put,
		"/chi": "", "/chi/none": "", "/empty": "", "/empty/": "", "/both/none": "", "/mux/none": "", "/none": "", "/own-leaf/x": "", "/deep/none/leaf": "",
	} {
		a := ask(t, h, "POST", path, "")
		require.Equal(t, a, ask(t, h, "POST", path, ""), "%s once more", path)
		assert.Equal(t, want, a.header.Get("Allow"), path)
		reason := "METHOD_NOT_ALLOWED"
		if want == "" {
			reason = "NO_ROUTE"
		}
		assert.Equal(t, reason, a.problem(t).Reason, path)
	}
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
		mounted("/stripped", http.StripPrefix("/stripped", httpx.Problems(with(leaf)))),
		mounted("/strippedroot", http.StripPrefix("/strippedroot", httpx.Problems(with(root("GET"))))),
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
func TestProblemsAllocateNothing(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	mux := http.NewServeMux()
	mux.Handle("/", fine)
	mux.Handle("GET /fine", fine)
	h := httpx.Problems(mux)
	w := &nullWriter{http.Header{}}
	for _, path := range []string{"/fine", "/"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		require.Zero(t, testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }), path)
	}

	bare, with := chi.NewRouter(), chi.NewRouter()
	bare.Handle("GET /fine", fine)
	with.Handle("GET /fine", fine)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/fine", nil)
	want := testing.AllocsPerRun(100, func() { bare.ServeHTTP(w, r) })
	h = httpx.Problems(with)
	require.InDelta(t, want, testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }), 0)
}
