package auth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

type user struct{ name string }

func (u user) Principal() string { return u.name }

type (
	room  struct{ Name string }
	saved struct{ By string }
)

// rooms is a service whose operations require a user of the scheme, which is set before it
// is described.
type rooms struct {
	Save  endpoint.Endpoint[room, saved]
	Drop  endpoint.Endpoint[room, saved]
	Watch endpoint.Endpoint[room, endpoint.Stream[saved]]
	Open  endpoint.Endpoint[room, saved]

	scheme endpoint.Scheme
	writes endpoint.Requirement
	who    func(ctx context.Context) string
	served atomic.Int64
}

func newRooms(s endpoint.Scheme, writes endpoint.Requirement, who func(ctx context.Context) string) *rooms {
	r := &rooms{scheme: s, writes: writes, who: who}
	r.Save, r.Drop, r.Open = r.serve, r.serve, r.serve
	r.Watch = func(ctx context.Context, req room) (endpoint.Stream[saved], error) {
		return func(yield func(saved, error) bool) {
			s, err := r.serve(ctx, req)
			_ = yield(s, err)
		}, nil
	}
	return r
}

// client returns the same service without endpoints.
func (r *rooms) client() *rooms { return &rooms{scheme: r.scheme, writes: r.writes} }

func (r *rooms) serve(ctx context.Context, _ room) (saved, error) {
	r.served.Add(1)
	return saved{By: r.who(ctx) + "/" + endpoint.Incoming(ctx).Principal()}, nil
}

func (r *rooms) HTTP(routes *httpx.Routes) {
	in := routes.Under("/rooms", httpx.Requires(r.scheme))
	in.POST("/save", &r.Save, httpx.Idempotent())
	in.POST("/drop", &r.Drop, httpx.Requires(r.writes))
	in.ServerStream("POST", "/watch", &r.Watch)
	in.POST("/open", &r.Open, httpx.Public())
}

func (r *rooms) GRPC(m *grpcx.Methods) {
	m.Service("auth.Rooms", grpcx.Requires(r.scheme))
	m.Unary("Save", &r.Save, grpcx.Idempotent())
	m.Unary("Drop", &r.Drop, grpcx.Requires(r.writes))
	m.ServerStream("Watch", &r.Watch)
	m.Unary("Open", &r.Open, grpcx.Public())
}

// A wire serves rooms over one transport and returns clients of it. send are the layers of
// a client.
type wire struct {
	name  string
	serve func(t *testing.T, r *rooms, layers ...endpoint.Layer) (connect func(send ...endpoint.Layer) *rooms)
}

func wires() []wire {
	return []wire{
		{"HTTP/1", func(t *testing.T, r *rooms, layers ...endpoint.Layer) func(...endpoint.Layer) *rooms {
			return overHTTP(t, r, false, layers)
		}},
		{"HTTP/2", func(t *testing.T, r *rooms, layers ...endpoint.Layer) func(...endpoint.Layer) *rooms {
			return overHTTP(t, r, true, layers)
		}},
		{"gRPC", overGRPC},
	}
}

func overHTTP(t *testing.T, r *rooms, h2 bool, layers []endpoint.Layer) func(send ...endpoint.Layer) *rooms {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, r, httpx.Use(layers...)))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = h2
	if h2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return func(send ...endpoint.Layer) *rooms {
		c := r.client()
		require.NoError(t, httpx.Client(httpx.To(server.URL, httpx.HTTPClient(server.Client())), c, httpx.Use(send...)))
		return c
	}
}

func overGRPC(t *testing.T, r *rooms, layers ...endpoint.Layer) func(send ...endpoint.Layer) *rooms {
	t.Helper()
	conn := overListener(t, nil, insecure.NewCredentials(), func(s *grpc.Server) {
		require.NoError(t, grpcx.Register(s, r, grpcx.Use(layers...)))
	})
	return func(send ...endpoint.Layer) *rooms {
		c := r.client()
		require.NoError(t, grpcx.Client(grpcx.To(conn), c, grpcx.Use(send...)))
		return c
	}
}

// overListener runs a gRPC server in memory until the test ends, and returns a connection
// to it.
func overListener(t *testing.T, opts []grpc.ServerOption, creds credentials.TransportCredentials, register func(s *grpc.Server)) *grpc.ClientConn {
	t.Helper()
	s := grpc.NewServer(opts...)
	register(s)
	listener := endpointtest.NewListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///rooms", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return listener.Dial(ctx, "tcp", "")
	}), grpc.WithTransportCredentials(creds))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
		require.NoError(t, <-done)
	})
	return conn
}

// sends is a layer of a client that sends headers as they are, for a scheme.
type sends struct {
	scheme  endpoint.Scheme
	headers [][2]string
	reply   *[]string // the challenges that came back
}

func (s *sends) Sends(scheme endpoint.Scheme) bool { return scheme == s.scheme }

func (s *sends) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	for _, h := range s.headers {
		endpoint.CallFrom(ctx).Header().Add(h[0], h[1])
	}
	return ctx, endpoint.Token{}, nil
}

func (s *sends) Exit(ctx context.Context, _ endpoint.Token, err error) error {
	*s.reply = endpoint.CallFrom(ctx).Reply().Values("WWW-Authenticate")
	return err
}

// verifyUser accepts a few tokens.
func verifyUser(_ context.Context, token string) (user, []string, error) {
	switch token {
	case "ann":
		return user{"ann"}, []string{"rooms:write"}, nil
	case "bob":
		return user{"bob"}, []string{"rooms:read"}, nil
	case "down":
		return user{}, nil, endpoint.Errorf(endpoint.Unavailable, "the issuer does not answer")
	}
	return user{}, nil, errors.New("no user has the token " + token)
}

func newUsers() *auth.Bearer[user] { return &auth.Bearer[user]{Name: "users"} }
