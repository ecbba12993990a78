package apigateway_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/apigateway"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

// serve runs a server of a service until the test ends.
func serve(t *testing.T, svc httpx.Service) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func addr(s *httptest.Server) string { return s.Listener.Addr().String() }

// newGateway returns a gateway whose server runs until the test ends.
func newGateway(t *testing.T, strings, profiles discover.Source) http.Handler {
	t.Helper()
	s := server.New("gateway", server.Log(slog.New(slog.DiscardHandler)))
	h, err := apigateway.New(s, apigateway.Gateway{Strings: strings, Profiles: profiles, Attempts: 3, Timeout: 10 * time.Second})
	require.NoError(t, err)
	programtest.RunServer(t, s)
	return h
}

// TestGateway calls two services through the gateway by their own clients: they
// see no difference.
func TestGateway(t *testing.T) {
	t.Parallel()
	a, b := serve(t, stringsvc.New()), serve(t, stringsvc.New())
	p := serve(t, profilesvc.New(new(profilesvc.Store)))
	h := newGateway(t, discover.Static(addr(a), addr(b)), discover.Static(addr(p)))
	gateway := httptest.NewServer(h)
	t.Cleanup(gateway.Close)

	var texts stringsvc.Strings
	require.NoError(t, httpx.Client(httpx.To(gateway.URL+"/strings"), &texts))
	var people profilesvc.Profiles
	require.NoError(t, httpx.Client(httpx.To(gateway.URL+"/directory"), &people))

	up, err := texts.Uppercase(t.Context(), stringsvc.Text{S: "hello"})
	require.NoError(t, err)
	require.Equal(t, "HELLO", up.V)
	_, err = texts.Uppercase(t.Context(), stringsvc.Text{})
	require.ErrorIs(t, err, stringsvc.ErrEmpty, "of an instance, through the gateway")

	_, err = people.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.ErrorIs(t, err, profilesvc.ErrNotFound)
	_, err = people.Post(t.Context(), profilesvc.Profile{ID: "1", Name: "Ann"})
	require.NoError(t, err)
	got, err := people.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, "Ann", got.Profile.Name)

	// One instance less is not noticed; none is, and by one service only.
	stop(a)
	for range 50 {
		_, err = texts.Uppercase(t.Context(), stringsvc.Text{S: "a"})
		require.NoError(t, err)
	}
	stop(b)
	_, err = texts.Uppercase(t.Context(), stringsvc.Text{S: "a"})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	_, err = people.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.NoError(t, err)
}

func stop(s *httptest.Server) {
	s.CloseClientConnections()
	s.Close()
}

// TestNoRoute has requests that no route matches answered by problems, below a prefix and
// beside it.
func TestNoRoute(t *testing.T) {
	t.Parallel()
	h := newGateway(t, discover.Static(), discover.Static())
	for _, path := range []string{"/", "/strings", "/strings/", "/strings/nothing", "/directory", "/directory/", "/profiles/1"} {
		resp := httptest.NewRecorder()
		h.ServeHTTP(resp, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusNotFound, resp.Code, path)
		require.True(t, strings.HasPrefix(resp.Header().Get("Content-Type"), "application/problem+json"), path)
	}
	resp := httptest.NewRecorder()
	h.ServeHTTP(resp, httptest.NewRequest(http.MethodGet, "/strings/uppercase", nil))
	require.Equal(t, http.StatusMethodNotAllowed, resp.Code)
	require.Equal(t, []string{"OPTIONS, POST"}, resp.Header()["Allow"])
	require.Equal(t, "application/problem+json", resp.Header().Get("Content-Type"))
}
