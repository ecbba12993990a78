package httpx_test

import (
	"cmp"
	"context"
	"encoding/json/v2"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// one is a service of one endpoint.
type one[Req, Resp any] struct {
	Do           endpoint.Endpoint[Req, Resp]
	method, path string
	opts         []httpx.RouteOption
}

func (s *one[Req, Resp]) HTTP(r *httpx.Routes) { r.Handle(s.method, s.path, &s.Do, s.opts...) }

// route returns a service of one endpoint, e, which may be nil.
func route[Req, Resp any](method, path string, e endpoint.Endpoint[Req, Resp], opts ...httpx.RouteOption) *one[Req, Resp] {
	return &one[Req, Resp]{e, method, path, opts}
}

// echo returns a service that answers with its request.
func echo[T any](method, path string, opts ...httpx.RouteOption) *one[T, T] {
	return route(method, path, func(_ context.Context, v T) (T, error) { return v, nil }, opts...)
}

// failing returns a service at POST / that fails with err.
func failing(err error, opts ...httpx.RouteOption) *one[endpoint.Empty, endpoint.Empty] {
	return route("POST", "/", func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, err }, opts...)
}

// A muxer is a router that is a handler, too.
type muxer interface {
	httpx.Router
	http.Handler
}

// routers are the kinds of router that a service is mounted on.
var routers = map[string]func() muxer{
	"ServeMux": func() muxer { return http.NewServeMux() },
	"chi":      func() muxer { return chi.NewRouter() },
}

// onRouters runs a test on a new router of each kind.
func onRouters(t *testing.T, test func(t *testing.T, r muxer)) {
	t.Helper()
	for name, newRouter := range routers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newRouter())
		})
	}
}

// usual is the router of the tests that are about no router.
var usual = cmp.Or(os.Getenv("HTTPX_TEST_ROUTER"), "ServeMux")

// mounted returns a handler that serves svc alone, on the usual router.
func mounted(tb testing.TB, svc httpx.Service, opts ...httpx.Option) http.Handler {
	tb.Helper()
	r := routers[usual]()
	require.NoError(tb, httpx.Mount(r, svc, opts...))
	return r
}

// listen serves h over a socket until the test ends, and returns its URL.
func listen(tb testing.TB, h http.Handler) string {
	tb.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // for handlers that break off
	s.Start()
	tb.Cleanup(s.Close)
	return s.URL
}

// dial fills svc with calls of the server at url.
func dial(tb testing.TB, url string, svc httpx.Service, opts ...httpx.Option) {
	tb.Helper()
	conn := httpx.To(url)
	tb.Cleanup(func() { conn.Close() })
	require.NoError(tb, httpx.Client(conn, svc, opts...))
}

// pair mounts svc on r and returns the same service as a client of it.
func pair[Req, Resp any](tb testing.TB, r muxer, svc *one[Req, Resp]) *one[Req, Resp] {
	tb.Helper()
	require.NoError(tb, httpx.Mount(r, svc))
	c := route[Req, Resp](svc.method, svc.path, nil, svc.opts...)
	dial(tb, listen(tb, r), c)
	return c
}

// An answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request to h in process. Headers are keys and values in turn.
func ask(tb testing.TB, h http.Handler, method, target, body string, header ...string) answer {
	tb.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(tb.Context(), method, target, content)
	for kv := range slices.Chunk(header, 2) {
		r.Header.Add(kv[0], kv[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

// fetch sends a request over a socket.
func fetch(tb testing.TB, method, url, body string, header ...string) answer {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, url, strings.NewReader(body))
	require.NoError(tb, err)
	for kv := range slices.Chunk(header, 2) {
		r.Header.Add(kv[0], kv[1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	require.NoError(tb, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// problem reads the answer as the problem that it has to be.
func (a answer) problem(tb testing.TB) httpx.Problem {
	tb.Helper()
	require.Equal(tb, "application/problem+json", a.header.Get("Content-Type"), "%d %s", a.status, a.body)
	var p httpx.Problem
	require.NoError(tb, json.Unmarshal([]byte(a.body), &p), "%s", a.body)
	require.Equal(tb, a.status, p.Status)
	return p
}

// faults returns the violations of the problem, each as "place: detail".
func (a answer) faults(tb testing.TB) []string {
	tb.Helper()
	var all []string
	for _, v := range a.problem(tb).Errors {
		all = append(all, v.Pointer+v.Parameter+": "+v.Detail)
	}
	return all
}

// faultsOf returns the violations of an error as answer.faults does.
func faultsOf(err error) []string {
	var all []string
	if err == nil {
		return nil
	}
	for _, v := range endpoint.ErrorOf(err).Violations() {
		all = append(all, v.Pointer+v.Parameter+": "+v.Detail)
	}
	return all
}

// catch returns what f panics with.
func catch(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// causeOf returns the problem that a client's error was made of, or nil.
func causeOf(err error) *httpx.Problem {
	p, _ := errors.AsType[*httpx.Problem](err)
	return p
}

// layer makes a layer of two functions, each of which may be nil.
type layer struct {
	enter func(ctx context.Context) (context.Context, error)
	exit  func(ctx context.Context, err error) error
}

func (l *layer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if l.enter == nil {
		return ctx, endpoint.Token{}, nil
	}
	ctx, err := l.enter(ctx)
	return ctx, endpoint.Token{}, err
}

func (l *layer) Exit(ctx context.Context, _ endpoint.Token, err error) error {
	if l.exit == nil {
		return err
	}
	return l.exit(ctx, err)
}
