package openapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
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
		w := ask(h, "GET", "/nowhere")
		require.Equal(t, 404, w.Code, name)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), name)
		if name != "the handler" {
			require.Equal(t, 405, ask(h, "GET", "/rooms").Code, name)
			require.Equal(t, 405, ask(h, "POST", "/openapi.json").Code, name)
		}
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
