package profilesvc_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
)

// A muxer is a router that is a handler, too.
type muxer interface {
	httpx.Router
	http.Handler
}

// onRouters runs a test against a server with an empty store, once on each kind
// of router.
func onRouters(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, r := range map[string]muxer{"chi": chi.NewRouter(), "ServeMux": http.NewServeMux()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, serve(t, r))
		})
	}
}

// serve serves an empty store over a socket until the test ends, and returns its
// URL.
func serve(t *testing.T, r muxer) string {
	t.Helper()
	require.NoError(t, httpx.Mount(r, profilesvc.New(new(profilesvc.Store))))
	server := httptest.NewServer(httpx.Problems(r))
	t.Cleanup(server.Close)
	return server.URL
}

// dial returns a client of the server at url.
func dial(t *testing.T, url string) *profilesvc.Profiles {
	t.Helper()
	var c profilesvc.Profiles
	require.NoError(t, httpx.Client(httpx.To(url), &c))
	return &c
}

// succeed calls e and returns its response.
func succeed[Req, Resp any](t *testing.T, e endpoint.Endpoint[Req, Resp], req Req) Resp {
	t.Helper()
	resp, err := e(t.Context(), req)
	require.NoError(t, err)
	return resp
}

// fail calls e and returns its error.
func fail[Req, Resp any](t *testing.T, e endpoint.Endpoint[Req, Resp], req Req) error {
	t.Helper()
	_, err := e(t.Context(), req)
	require.Error(t, err)
	return err
}

// An answer is what a server said to a request without a client of ours.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with a body of JSON, or with none if body is empty.
func ask(t *testing.T, method, url, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}
