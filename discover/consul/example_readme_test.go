package consul_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// Rooms is a service.
type Rooms struct {
	Get endpoint.Endpoint[RoomID, Room]
}

// RoomID names a room.
type RoomID struct {
	ID string `path:"id"`
}

// Room is a room.
type Room struct {
	Name string `json:"name"`
}

// HTTP describes the service.
func (s *Rooms) HTTP(r *httpx.Routes) { r.GET("/rooms/{id}", &s.Get) }

// snippet: server

// serveRooms adds a server of rooms that is registered while it is ready.
func serveRooms(s *server.Server, client *api.Client, addr string, svc *Rooms) error {
	registry := consul.New(client, "rooms")
	mux := http.NewServeMux()
	err := httpx.Mount(mux, svc, httpx.Use(s))
	s.Add(server.HTTP(addr, mux, server.Register(registry, server.As(discover.Instance{Zone: "eu-1a", Weight: 2}))))
	return err
}

// end snippet

// snippet: pool

// callRooms returns the client of rooms, whose calls go to the servers that Consul knows, and
// what follows Consul until its context ends.
func callRooms(client *api.Client, log *slog.Logger) (*Rooms, func(context.Context) error, error) {
	registry := consul.New(client, "rooms",
		consul.OnEvent(func(ctx context.Context, e endpoint.Event) {
			log.WarnContext(ctx, e.Kind, "registry", e.Name, "detail", e.Detail, "err", e.Err)
		}))
	pool := discover.New(httpx.Dialer(), discover.Zone("eu-1a"))
	rooms := new(Rooms)
	err := httpx.Client(pool, rooms, httpx.Use(resilience.ClientStack()...))
	return rooms, func(ctx context.Context) error { return pool.Run(ctx, registry) }, err
}

// end snippet

// snippet: flag

// followURL follows the service that a flag such as -registry consul://127.0.0.1:8500 has.
func followURL(ctx context.Context, url string, pool *discover.Pool[*httpx.Conn]) error {
	registry, err := consul.Parse(url, "rooms")
	if err != nil {
		return err
	}
	return errors.Join(pool.Run(ctx, registry), registry.Close())
}

// end snippet

// TestReadme runs what README.md shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	client := newClient(t, p.Addr)
	get := func(_ context.Context, id RoomID) (Room, error) { return Room{Name: "Room " + id.ID}, nil }
	s := server.New("rooms", server.Propagation(0), server.Log(slog.New(slog.DiscardHandler)))
	require.NoError(t, serveRooms(s, client, "127.0.0.1:0", &Rooms{Get: get}))
	stopServer := run(t, s.Run)
	for set, err := range consul.New(client, "rooms").Watch(t.Context()) {
		if err == nil && len(set) > 0 {
			break // it is registered
		}
	}
	rooms, follow, err := callRooms(client, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	stopPool := run(t, follow)

	room, err := rooms.Get(t.Context(), RoomID{"7"})
	require.NoError(t, err)
	require.Equal(t, Room{Name: "Room 7"}, room)

	pool := discover.New(httpx.Dialer())
	var again Rooms
	require.NoError(t, httpx.Client(pool, &again))
	stopURL := run(t, func(ctx context.Context) error { return followURL(ctx, "consul://"+p.Addr, pool) })
	room, err = again.Get(t.Context(), RoomID{"8"})
	require.NoError(t, err)
	require.Equal(t, Room{Name: "Room 8"}, room)
	stopURL()
	stopPool()
	stopServer()
}

// run runs f until stop, or the end of the test.
func run(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}
