package netrpcx_test

import (
	"context"
	"net"
	"net/rpc"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/netrpcx"
)

// described is a service of one struct, described by a function.
type described[S any] struct {
	S        S
	describe func(s *S, m *netrpcx.Methods)
}

func (d *described[S]) RPC(m *netrpcx.Methods) { d.describe(&d.S, m) }

// single is a service of one endpoint, the method "T.Do".
type single[Req, Resp any] struct {
	Do   endpoint.Endpoint[Req, Resp]
	opts []netrpcx.MethodOption
}

func (s *single[Req, Resp]) RPC(m *netrpcx.Methods) { m.Method("T.Do", &s.Do, s.opts...) }

// network is a server in memory.
type network struct {
	*endpointtest.Listener
	server *netrpcx.Server
}

// serving serves svc in memory until the test ends.
func serving(t *testing.T, svc netrpcx.Service, opts ...netrpcx.Option) *network {
	t.Helper()
	s, err := netrpcx.NewServer(svc, opts...)
	require.NoError(t, err)
	n := &network{endpointtest.NewListener(), s}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(n) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, s.Drain(context.WithoutCancel(t.Context())))
		require.NoError(t, <-ended)
	})
	return n
}

// one serves an endpoint in memory.
func one[Req, Resp any](t *testing.T, e endpoint.Endpoint[Req, Resp], opts ...netrpcx.Option) *network {
	t.Helper()
	return serving(t, &single[Req, Resp]{Do: e}, opts...)
}

// conn returns a target that leads to the server.
func (n *network) conn(t *testing.T, opts ...netrpcx.ConnOption) *netrpcx.Conn {
	t.Helper()
	opts = append(opts, netrpcx.DialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		return n.Dial(ctx, network, addr)
	}))
	c := netrpcx.To("server.example:1", opts...)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// dial returns a connection to the server.
func (n *network) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := n.Dial(t.Context(), "tcp", "server.example:1")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// calls returns the client of the only endpoint of the server.
func calls[Req, Resp any](t *testing.T, to endpoint.Target[*netrpcx.Conn], opts ...netrpcx.Option) *single[Req, Resp] {
	t.Helper()
	c := new(single[Req, Resp])
	require.NoError(t, netrpcx.Client(to, c, opts...))
	return c
}

// echo returns its request.
func echo[T any](_ context.Context, v T) (T, error) { return v, nil }

// hooked records the errors that a hook gets.
type hooked struct {
	mu  sync.Mutex // guards the field below
	all []error
}

func (h *hooked) add(_ context.Context, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, err)
}

func (h *hooked) errors() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]error(nil), h.all...)
}

// foreign returns a target that leads to a server of net/rpc.
func foreign(t *testing.T, s *rpc.Server) *netrpcx.Conn {
	t.Helper()
	l := endpointtest.NewListener()
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { s.ServeConn(c) })
		}
	})
	conn := (&network{Listener: l}).conn(t)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		require.NoError(t, conn.Close())
		ended.Wait()
	})
	return conn
}
