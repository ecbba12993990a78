package httpx_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// namedPair is a service of two routes, one of which has a name of its own.
type namedPair struct {
	Get, Own endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (s *namedPair) HTTP(r *httpx.Routes) {
	r.GET("/get", &s.Get)
	r.GET("/own", &s.Own, httpx.Named("Owner"))
}

// TestNamedEnd has one type as several services, on servers and on clients.
func TestNamedEnd(t *testing.T) {
	t.Parallel()
	nothing := endpoint.Endpoint[endpoint.Empty, endpoint.Empty](none[endpoint.Empty, endpoint.Empty])
	var served, called []string
	note := func(to *[]string) endpoint.Layer {
		return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			op := endpoint.CallFrom(ctx).Operation()
			*to = append(*to, op.Service+"."+op.Name)
			return ctx, nil, nil
		})
	}
	for _, name := range []string{"Users", "Products"} {
		url := listen(t, mounted(t, &namedPair{nothing, nothing}, httpx.Named(name), httpx.Use(note(&served))))
		var c namedPair
		dial(t, url, &c, httpx.Use(note(&called)), httpx.Named(name+"Client"))
		for _, call := range []endpoint.Endpoint[endpoint.Empty, endpoint.Empty]{c.Get, c.Own} {
			_, err := call(t.Context(), endpoint.Empty{})
			require.NoError(t, err)
		}
	}
	require.Equal(t, []string{"Users.Get", "Owner.Own", "Products.Get", "Owner.Own"}, served)
	require.Equal(t, []string{"UsersClient.Get", "Owner.Own", "ProductsClient.Get", "Owner.Own"}, called)

	for name, err := range map[string]error{
		"mount":  httpx.Mount(http.NewServeMux(), &namedPair{nothing, nothing}, httpx.Named("")),
		"client": httpx.Client(httpx.To("http://localhost"), &namedPair{}, httpx.Named("")),
	} {
		require.ErrorContains(t, err, "httpx: option Named: the name is empty", name)
	}
	require.PanicsWithValue(t, "httpx: Problems: option Named is for services", func() { httpx.Problems(http.NewServeMux(), httpx.Named("x")) })
}
