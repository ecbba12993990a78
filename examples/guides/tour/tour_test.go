package tour

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

func TestTour(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	require.NoError(t, mountBoth(r, newProfiles(&Store{}), newProfiles(&Store{})))
	server := httptest.NewServer(httpx.Problems(r))
	defer server.Close()

	var users Profiles
	require.NoError(t, httpx.Client(httpx.To(server.URL+"/users"), &users))

	_, err := users.Put(t.Context(), Profile{ID: "1", Name: "Ann"})
	require.ErrorIs(t, err, ErrNoToken)

	ctx := endpoint.WithHeader(t.Context(), "Authorization", "Bearer x")
	_, err = users.Put(ctx, Profile{ID: "1", Name: "Ann"})
	require.NoError(t, err)

	for id, want := range map[string]string{"1": "Ann", "2": "nobody"} {
		name, err := lookUp(t.Context(), &users, id)
		require.NoError(t, err)
		require.Equal(t, want, name)
	}

	server.Close()
	_, err = lookUp(t.Context(), &users, "1")
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
}

func TestOneEndpoint(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	store := &Store{}
	// snippet: handler
	r.Method("GET", "/profiles/{id}", httpx.Handler(endpoint.Chain(store.Get, cached), httpx.Fails(ErrNotFound)))
	// end snippet
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/profiles/7", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Contains(t, w.Body.String(), "no profile")
}
