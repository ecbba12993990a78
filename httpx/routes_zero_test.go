package httpx_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// keeper keeps the Routes that it describes itself to.
type keeper struct {
	Do     endpoint.Endpoint[Text, Text]
	routes *httpx.Routes
}

func (k *keeper) HTTP(r *httpx.Routes) {
	k.routes = r.Under("/kept")
	r.POST("/do", &k.Do)
}

// TestRoutesZero has a Routes that no description was made for, and one that is
// kept after it.
func TestRoutesZero(t *testing.T) {
	t.Parallel()
	k := &keeper{Do: func(_ context.Context, v Text) (Text, error) { return v, nil }}
	require.NoError(t, httpx.Mount(http.NewServeMux(), k))
	for name, r := range map[string]*httpx.Routes{"zero": {}, "kept": k.routes} {
		for what, use := range map[string]func(){
			"POST":         func() { r.POST("/do", &k.Do) },
			"Under":        func() { r.Under("/x").GET("/do", &k.Do) },
			"ServerStream": func() { r.ServerStream("GET", "/do", new(endpoint.Endpoint[Text, endpoint.Stream[Text]])) },
			"Omit":         func() { r.Omit(&k.Do) },
		} {
			require.PanicsWithValue(t, "httpx: a Routes is valid during the call of the method HTTP only", use, "%s, %s", name, what)
		}
	}
}

// TestConnZero has a Conn that To did not make.
func TestConnZero(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*httpx.Conn{"nil": nil, "zero": {}} {
		require.ErrorContains(t, c.Err(), "httpx: the target is", name)
		require.ErrorContains(t, httpx.Client(c, &keeper{}), "httpx: the target is", name)
		require.NoError(t, c.Close(), name)
		require.Empty(t, c.String(), name)
	}
}

// TestProblemZero has a Problem that did not come from a server.
func TestProblemZero(t *testing.T) {
	t.Parallel()
	require.Equal(t, "HTTP status 0: ", new(httpx.Problem).Error())
}
