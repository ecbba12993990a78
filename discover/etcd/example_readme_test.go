package etcd_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
	clientv3 "go.etcd.io/etcd/client/v3"
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

// snippet: client

// connect returns a client of etcd that notices a network which loses everything.
func connect(addrs ...string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:            addrs,
		DialKeepAliveTime:    10 * time.Second, // the least that gRPC allows
		DialKeepAliveTimeout: 3 * time.Second,
	})
}

// end snippet

// snippet: server

// serveRooms adds a server of rooms that is registered while it is ready.
func serveRooms(s *server.Server, client *clientv3.Client, addr string, svc *Rooms) error {
	registry := etcd.New(client, "/services/rooms")
	mux := http.NewServeMux()
	err := httpx.Mount(mux, svc, httpx.Use(s))
	s.Add(server.HTTP(addr, mux, server.Register(registry, server.As(discover.Instance{Zone: "eu-1a", Weight: 2}))))
	return err
}

// end snippet

// snippet: pool

// callRooms returns the client of rooms, whose calls go to the servers that etcd knows, and
// what follows etcd until its context ends.
func callRooms(client *clientv3.Client, log *slog.Logger) (*Rooms, func(context.Context) error, error) {
	registry := etcd.New(client, "/services/rooms",
		etcd.OnEvent(func(ctx context.Context, e endpoint.Event) {
			log.WarnContext(ctx, e.Kind, "registry", e.Name, "detail", e.Detail, "err", e.Err)
		}))
	pool := discover.New(httpx.Dialer(), discover.Zone("eu-1a"))
	rooms := new(Rooms)
	err := httpx.Client(pool, rooms, httpx.Use(resilience.ClientStack()...))
	return rooms, func(ctx context.Context) error { return pool.Run(ctx, registry) }, err
}

// end snippet

// snippet: flag

// followURL follows the service that a flag such as -registry etcd://10.0.0.1:2379/services
// has.
func followURL(ctx context.Context, url string, pool *discover.Pool[*httpx.Conn]) error {
	registry, err := etcd.Parse(url, "rooms")
	if err != nil {
		return err
	}
	return errors.Join(pool.Run(ctx, registry), registry.Close())
}

// end snippet

// TestReadme runs what README.md shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client, err := connect(p.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	get := func(_ context.Context, id RoomID) (Room, error) { return Room{Name: "Room " + id.ID}, nil }
	s := server.New("rooms", server.Propagation(0), server.Log(slog.New(slog.DiscardHandler)))
	require.NoError(t, serveRooms(s, client, "127.0.0.1:0", &Rooms{Get: get}))
	stopServer := run(t, s.Run)
	for set, err := range etcd.New(client, "/services/rooms").Watch(t.Context()) {
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
	stopURL := run(t, func(ctx context.Context) error { return followURL(ctx, "etcd://"+p.Addr+"/services", pool) })
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
