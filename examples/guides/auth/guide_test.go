package authguide

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
)

func serve(t *testing.T, mount func(mux *http.ServeMux) error) string {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, mount(mux))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestRooms calls the service of the guide, directly and through its gateway.
func TestRooms(t *testing.T) {
	rooms := &Rooms{Delete: endpoint.Chain(remove, owned(func(_ context.Context, id string) (Room, error) {
		return Room{ID: id, Owner: "ann"}, nil
	}))}
	direct := serve(t, func(mux *http.ServeMux) error { return mount(mux, rooms) })
	through := serve(t, func(mux *http.ServeMux) error { return gateway(mux, direct) })
	for _, url := range []string{direct, through} {
		var c Rooms
		require.NoError(t, connect(url, &c))
		room, err := c.Delete(t.Context(), ByID{"1"})
		require.NoError(t, err)
		require.Equal(t, "ann", room.Owner)
		for token, want := range map[string]error{"t2": endpoint.ErrScopeMissing, "t3": endpoint.ErrUnauthenticated} {
			require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(Users.Send(auth.Static(token)))))
			_, err = c.Delete(t.Context(), ByID{"1"})
			require.ErrorIs(t, err, want)
		}
	}
}

// snippet: as

func TestOwned(t *testing.T) {
	find := func(_ context.Context, id string) (Room, error) { return Room{ID: id, Owner: "ann"}, nil }
	e := endpoint.Chain(remove, owned(find))
	_, err := e(Users.As(t.Context(), User{ID: "bob"}), ByID{"1"})
	require.ErrorIs(t, err, auth.ErrPermissionDenied)
}

// end snippet

// TestShop mounts routes with several requirements.
func TestShop(t *testing.T) {
	t.Setenv("ROOT_PASSWORD", "a:b")
	t.Setenv("BILLING_KEY", "key")
	done := func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil }
	url := serve(t, func(mux *http.ServeMux) error {
		return httpx.Mount(mux, &Shop{done, done, done, done, done}, httpx.Use(stack()...))
	})
	var c Shop
	only := httpx.Use(Users.Send(auth.Static("t1")), Staff.Send("root", "a:b"))
	require.ErrorContains(t, httpx.Client(httpx.To(url), &c, only), "Shop.Refund")
	require.NoError(t, httpx.Client(httpx.To(url), &c, only, httpx.Use(Apps.Send(auth.Static("key")), Peers.Send())))
	for name, tt := range map[string]struct {
		call endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
		want error
	}{
		"list":   {c.List, nil},
		"place":  {c.Place, endpoint.ErrScopeMissing},
		"refund": {c.Refund, endpoint.ErrUnauthenticated},
		"prices": {c.Prices, nil},
		"close":  {c.Close, nil},
	} {
		_, err := tt.call(t.Context(), endpoint.Empty{})
		require.ErrorIs(t, err, tt.want, name)
	}
}
