package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

func TestHello(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Greeter{Hello: hello}))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hello", nil))
	body, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"hello, world"}`, string(body))

	server := httptest.NewServer(mux)
	defer server.Close()
	var c Greeter
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	g, err := c.Hello(t.Context(), Hello{"gopher"})
	require.NoError(t, err)
	require.Equal(t, "hello, gopher", g.Text)
}
