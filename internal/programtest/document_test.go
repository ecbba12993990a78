package programtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/internal/programtest"
)

type greeter struct {
	Hello endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (g *greeter) HTTP(r *httpx.Routes) { r.GET("/hello", &g.Hello) }

func TestDocument(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, openapi.New("greeter", "1.0", new(greeter)).Mount(mux))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	programtest.Document(t, s.Listener.Addr().String(), "greeter", "/hello")
}
