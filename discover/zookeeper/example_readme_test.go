package zookeeper_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
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
func serveRooms(s *server.Server, ensemble []string, addr string, svc *Rooms) error {
	registry := zookeeper.New(ensemble, "/services/rooms")
	mux := http.NewServeMux()
	err := httpx.Mount(mux, svc, httpx.Use(s))
	s.Add(server.HTTP(addr, mux, server.Register(registry, server.As(discover.Instance{Zone: "eu-1a", Weight: 2}))))
	return err
}

// end snippet

// snippet: pool

// callRooms returns the client of rooms, whose calls go to the servers that ZooKeeper knows,
// and what follows ZooKeeper until its context ends.
func callRooms(ensemble []string, log *slog.Logger) (*Rooms, func(context.Context) error, error) {
	registry := zookeeper.New(ensemble, "/services/rooms",
		zookeeper.OnEvent(func(ctx context.Context, e endpoint.Event) {
			log.WarnContext(ctx, e.Kind, "registry", e.Name, "detail", e.Detail, "err", e.Err)
		}))
	pool := discover.New(httpx.Dialer(), discover.Zone("eu-1a"))
	rooms := new(Rooms)
	err := httpx.Client(pool, rooms, httpx.Use(resilience.ClientStack()...))
	return rooms, func(ctx context.Context) error { return pool.Run(ctx, registry) }, err
}

// end snippet

// snippet: secure

// secureRegistry returns the registry of rooms below a chroot, with TLS, a password, and nodes
// that only the same user may read and write.
func secureRegistry(ensemble []string, config *tls.Config) *zookeeper.Registry {
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, network, address, config)
	}
	return zookeeper.New(ensemble, "/tenant/services/rooms",
		zookeeper.Dial(dial),
		zookeeper.Auth("digest", []byte("rooms:secret")),
		zookeeper.ACL(zk.DigestACL(zk.PermAll, "rooms", "secret")))
}

// end snippet

// snippet: flag

// followURL follows the service that a flag such as -registry zk://10.0.0.1:2181/services has.
func followURL(ctx context.Context, url string, pool *discover.Pool[*httpx.Conn]) error {
	registry, err := zookeeper.Parse(url, "rooms")
	if err != nil {
		return err
	}
	return pool.Run(ctx, registry)
}

// end snippet

// TestReadme runs what README.md shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	ensemble := []string{p.Addr}
	get := func(_ context.Context, id RoomID) (Room, error) { return Room{Name: "Room " + id.ID}, nil }
	s := server.New("rooms", server.Propagation(0), server.Log(slog.New(slog.DiscardHandler)))
	require.NoError(t, serveRooms(s, ensemble, "127.0.0.1:0", &Rooms{Get: get}))
	stopServer := run(t, s.Run)
	for set, err := range zookeeper.New(ensemble, "/services/rooms").Watch(t.Context()) {
		if err == nil && len(set) > 0 {
			break // it is registered
		}
	}
	rooms, follow, err := callRooms(ensemble, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	stopPool := run(t, follow)

	room, err := rooms.Get(t.Context(), RoomID{"7"})
	require.NoError(t, err)
	require.Equal(t, Room{Name: "Room 7"}, room)

	pool := discover.New(httpx.Dialer())
	var again Rooms
	require.NoError(t, httpx.Client(pool, &again))
	stopURL := run(t, func(ctx context.Context) error { return followURL(ctx, "zk://"+p.Addr+"/services", pool) })
	room, err = again.Get(t.Context(), RoomID{"8"})
	require.NoError(t, err)
	require.Equal(t, Room{Name: "Room 8"}, room)
	stopURL()
	stopPool()
	stopServer()

	addr, roots := startTLS(t, p.Addr)
	secure := secureRegistry([]string{addr}, &tls.Config{RootCAs: roots})
	news := watch(t, secure)
	stop := register(t, secure, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	require.NoError(t, stop())
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
