package jsonrpcx_test

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/server"
)

// TestHTTP has requests that HTTP rejects, with its own status and an error object.
func TestHTTP(t *testing.T) {
	t.Parallel()
	h := handle(single[int, int]{echo[int]}, func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }, jsonrpcx.MaxBody(100))
	rejection := func(number, message, data string) string {
		return `{"jsonrpc":"2.0","error":{"code":` + number + `,"message":"` + message + `","data":` + data + `},"id":null}`
	}
	for name, tt := range map[string]struct {
		method, media, accept, coding, body string
		status                              int
		want                                string
	}{
		"a call":        {"POST", "application/json", "", "", call(`[7]`), 200, result(`7`)},
		"a charset":     {"POST", "application/json; charset=utf-8", "*/*", "", call(`[7]`), 200, result(`7`)},
		"a GET":         {"GET", "application/json", "", "", "", 405, rejection("-32012", "method not allowed", `{"code":"UNIMPLEMENTED","domain":"endpoint","reason":"METHOD_NOT_ALLOWED"}`)},
		"a PUT":         {"PUT", "application/json", "", "", call(`[7]`), 405, rejection("-32012", "method not allowed", `{"code":"UNIMPLEMENTED","domain":"endpoint","reason":"METHOD_NOT_ALLOWED"}`)},
		"another type":  {"POST", "text/plain", "", "", call(`[7]`), 415, rejection("-32003", "the content type is not supported; accepted: application/json", `{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"UNSUPPORTED_MEDIA_TYPE"}`)},
		"another form":  {"POST", "application/json", "text/html", "", call(`[7]`), 406, rejection("-32003", "no acceptable representation; offered: application/json", `{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"NOT_ACCEPTABLE"}`)},
		"a large body":  {"POST", "application/json", "", "", call(`[7]`) + strings.Repeat(" ", 100), 413, rejection("-32008", "the body is too large", `{"code":"RESOURCE_EXHAUSTED","domain":"endpoint","reason":"BODY_TOO_LARGE","meta":{"limit":"100"}}`)},
		"a gzip":        {"POST", "application/json", "", "gzip", zipped(call(`[7]`)), 200, result(`7`)},
		"a bomb":        {"POST", "application/json", "", "gzip", zipped(strings.Repeat(" ", 101)), 413, rejection("-32008", "the body is too large", `{"code":"RESOURCE_EXHAUSTED","domain":"endpoint","reason":"BODY_TOO_LARGE","meta":{"limit":"100"}}`)},
		"a notice":      {"POST", "application/json", "", "", `{"jsonrpc":"2.0","method":"do","params":[7]}`, 204, ""},
		"many a notice": {"POST", "application/json", "", "", `[{"jsonrpc":"2.0","method":"do","params":[7]}]`, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, "/", strings.NewReader(tt.body))
			for key, v := range map[string]string{"Content-Type": tt.media, "Accept": tt.accept, "Content-Encoding": tt.coding} {
				if v != "" {
					r.Header.Set(key, v)
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.want, w.Body.String())
			if tt.want != "" {
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			}
			if tt.status == 405 {
				require.Equal(t, "POST", w.Header().Get("Allow"))
			}
		})
	}
}

// TestTimeoutHeader has a deadline that cannot be read.
func TestTimeoutHeader(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(call(`[7]`)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Connect-Timeout-Ms", "soon")
	w := httptest.NewRecorder()
	one(echo[int]).ServeHTTP(w, r)
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), `{"jsonrpc":"2.0","error":{"code":-32600,"message":"invalid request","data":`)
	require.Contains(t, w.Body.String(), `"parameter":"header:Connect-Timeout-Ms"`)
}

// zipped returns text as gzip writes it.
func zipped(text string) string {
	var out strings.Builder
	z := gzip.NewWriter(&out)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return out.String()
}

// TestReplyHeaders has a handler that sets what belongs to the transport.
func TestReplyHeaders(t *testing.T) {
	t.Parallel()
	w := post(one(func(ctx context.Context, n int) (int, error) {
		endpoint.CallFrom(ctx).Reply().Set("Content-Type", "text/html")
		endpoint.CallFrom(ctx).Reply().Set("X-Own", "1", "2")
		return n, nil
	}), call(`[7]`))
	require.Equal(t, []string{"application/json"}, w.Header()["Content-Type"])
	require.Equal(t, []string{"1", "2"}, w.Header()["X-Own"])
}

// TestMount mounts a service on each kind of router, beside others.
func TestMount(t *testing.T) {
	t.Parallel()
	svc := func() jsonrpcx.Service { return &examples{} }
	whole := &described[single[int, int]]{S: single[int, int]{echo[int]}, describe: func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }}
	for name, router := range map[string]interface {
		httpx.Router
		http.Handler
	}{"chi": chi.NewRouter(), "ServeMux": http.NewServeMux()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, jsonrpcx.Mount(router, "/rpc", whole))
			require.ErrorContains(t, jsonrpcx.Mount(router, "rpc", whole), `jsonrpcx: the router refuses "POST rpc"`)
			require.ErrorContains(t, jsonrpcx.Mount(router, "/nil", svc()), "jsonrpcx: examples.Sum: the endpoint is nil")
			h := httpx.Problems(router)
			require.Equal(t, result(`7`), ask(t, h, call(`[7]`)))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/rpc", nil))
			require.Equal(t, 405, w.Code)
		})
	}
	require.ErrorContains(t, jsonrpcx.Mount(nil, "/rpc", whole), "jsonrpcx: the router is nil")
	require.PanicsWithValue(t, "jsonrpcx: *jsonrpcx_test.none is no pointer to a struct of endpoints", func() { jsonrpcx.Handler((*none)(new(int))) })
}

type none int

func (*none) JSONRPC(*jsonrpcx.Methods) {}

// TestStop stops a server while a call and a batch are in flight: all are answered.
func TestStop(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}, 3), make(chan struct{})
	lines, draining := make(announced, 2), newBeacon()
	s := server.New("rooms", server.Announce(lines), server.Log(slog.New(slog.DiscardHandler)))
	h := batched(func(_ context.Context, n int) (int, error) {
		began <- struct{}{}
		<-finish
		return n, nil
	}, jsonrpcx.Use(s))
	s.Add(server.HTTP("localhost:0", h), server.Listen("beacon", "localhost:0", draining))
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	_, addr, _ := strings.Cut(strings.TrimSpace(<-lines), " on ")
	answers := make(chan string, 2)
	for _, body := range []string{call(`[7]`), batchOf(2)} {
		go func() { answers <- posted("http://"+addr, body) }()
	}
	for range 3 {
		<-began
	}
	stop()
	<-draining.begun
	require.Empty(t, stopped, "the server stopped with calls in flight")
	close(finish)
	require.ElementsMatch(t, []string{result(`7`), `[{"jsonrpc":"2.0","result":0,"id":0},{"jsonrpc":"2.0","result":1,"id":1}]`}, []string{<-answers, <-answers})
	require.NoError(t, <-stopped)
	http.DefaultClient.CloseIdleConnections()
}

// announced has the lines that a server announces.
type announced chan string

func (a announced) Write(p []byte) (int, error) {
	a <- string(p)
	return len(p), nil
}

// A beacon is a part that serves nothing, and shows when a stop begins.
type beacon struct{ begun, ended chan struct{} }

func newBeacon() *beacon { return &beacon{make(chan struct{}), make(chan struct{})} }

func (b *beacon) Serve(l net.Listener) error {
	<-b.ended
	return l.Close()
}

func (b *beacon) Draining() { close(b.begun) }

func (b *beacon) Drain(context.Context) error {
	close(b.ended)
	return nil
}

func (b *beacon) Close() error { return nil }

// posted returns the body of an answer, or the error.
func posted(url, body string) string {
	r, err := http.Post(url, "application/json", strings.NewReader(body)) //nolint:noctx // of a test
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	out, _ := io.ReadAll(r.Body)
	return string(out)
}

// TestCurl calls a server by curl.
func TestCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	url := serving(t, newExamples(&notified{}))
	for request, response := range map[string]string{
		`{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`:                                         `{"jsonrpc":"2.0","result":19,"id":1}`,
		`[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method":"update","params":[1]}]`: `[{"jsonrpc":"2.0","result":7,"id":"1"}]`,
		`{"jsonrpc": "2.0", "method": "update", "params": [1]}`:                                                         ``,
	} {
		out, err := exec.CommandContext(t.Context(), curl, "-sS", "--json", request, url).Output()
		require.NoError(t, err)
		require.Equal(t, response, string(out))
	}
}
