package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/mark"
)

// routeLog is a layer that records the routes of calls.
type routeLog struct {
	mu     sync.Mutex // guards the field below
	routes map[string]int
}

func (l *routeLog) layer() endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.routes == nil {
			l.routes = map[string]int{}
		}
		route := endpoint.CallFrom(ctx).Operation().Pattern
		if below := mark.WireOf(ctx).Route; below != nil {
			route = *below
		}
		l.routes[route]++
		return ctx, nil, nil
	})
}

// belowAll is a service of one route with a wildcard.
type belowAll struct {
	Get endpoint.Endpoint[byID, endpoint.Empty]
}

type byID struct {
	ID string `path:"id"`
}

func (s *belowAll) HTTP(r *httpx.Routes) { r.Under("/v1").GET("/items/{id}", &s.Get) }

func newBelow() *belowAll {
	return &belowAll{Get: func(context.Context, byID) (endpoint.Empty, error) { return endpoint.Empty{}, nil }}
}

// TestRoute mounts a service below prefixes of every kind.
func TestRoute(t *testing.T) {
	t.Parallel()
	on := func(t *testing.T, r interface {
		httpx.Router
		http.Handler
	}, l *routeLog,
	) http.Handler {
		t.Helper()
		require.NoError(t, httpx.Mount(r, newBelow(), httpx.Use(l.layer())))
		return r
	}
	onMux := func(t *testing.T, l *routeLog) http.Handler { t.Helper(); return on(t, http.NewServeMux(), l) }
	onChi := func(t *testing.T, l *routeLog) http.Handler { t.Helper(); return on(t, chi.NewRouter(), l) }
	onStripped := func(t *testing.T, l *routeLog) http.Handler { t.Helper(); return http.StripPrefix("/api", onMux(t, l)) }
	under := func(pattern string, h http.Handler) *chi.Mux {
		r := chi.NewRouter()
		r.Mount(pattern, h)
		return r
	}
	for name, tt := range map[string]struct {
		serve func(t *testing.T, l *routeLog) http.Handler
		path  string
		want  string
	}{
		"a ServeMux":           {onMux, "/v1/items/a%2Fb?q=/x", "/v1/items/{id}"},
		"chi":                  {onChi, "/v1/items/a%2Fb", "/v1/items/{id}"},
		"StripPrefix":          {onStripped, "/api/v1/items/7?q=1", "/api/v1/items/{id}"},
		"StripPrefix, escaped": {onStripped, "/api/v1/items/a%2Fb%20", "/api/v1/items/{id}"},
		"chi's Mount": {func(t *testing.T, l *routeLog) http.Handler {
			t.Helper()
			return under("/api", under("/{tenant}", onChi(t, l)))
		}, "/api/acme/v1/items/7", "/api/{tenant}/v1/items/{id}"},
		"both": {func(t *testing.T, l *routeLog) http.Handler {
			t.Helper()
			return http.StripPrefix("/edge", under("/api", onChi(t, l)))
		}, "/edge/api/v1/items/7", "/edge/api/v1/items/{id}"},
		"a ServeMux below chi's Mount": {func(t *testing.T, l *routeLog) http.Handler {
			t.Helper()
			return under("/v1", under("/", onMux(t, l)))
		}, "/v1/items/7", "/v1/items/{id}"},
		"StripPrefix below chi's Mount": {func(t *testing.T, l *routeLog) http.Handler {
			t.Helper()
			return under("/api", under("/", onStripped(t, l)))
		}, "/api/v1/items/7", "/api/v1/items/{id}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l routeLog
			h := tt.serve(t, &l)
			for range 2 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, nil))
				require.Equal(t, http.StatusOK, w.Code)
			}
			require.Equal(t, map[string]int{tt.want: 2}, l.routes)
		})
	}
}

// TestRouteOfStrangers has a middleware that takes a prefix from each request. At most
// 16 are told apart.
func TestRouteOfStrangers(t *testing.T) {
	t.Parallel()
	var l routeLog
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, newBelow(), httpx.Use(l.layer())))
	for i := range 40 {
		prefix := fmt.Sprintf("/%d", i)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, prefix+"/v1/items/7", nil)
		http.StripPrefix(prefix, mux).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
	}
	require.Len(t, l.routes, 17)
	require.Equal(t, 24, l.routes["other/v1/items/{id}"])
	require.Equal(t, 1, l.routes["/15/v1/items/{id}"])
}
