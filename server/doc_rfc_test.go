package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

// The tests TestRFC000… hold the statements of RFC 000 that docs/rfc000.md lists.

// TestRFC000EndpointAnswersOrFails has a handler that answers a request, or returns an error
// that the client gets as the same error.
func TestRFC000EndpointAnswersOrFails(t *testing.T) {
	t.Parallel()
	errOdd := endpoint.Define(endpoint.FailedPrecondition, "posts", "ODD", "the number is odd")
	h := newHost(t, served(func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errOdd
		}
		return n / 2, nil
	}), setup{})
	overEach(t, func(t *testing.T, transport string) {
		c := h.client(t, transport)
		got, err := c.Post(t.Context(), 8)
		require.NoError(t, err)
		require.Equal(t, 4, got)
		_, err = c.Post(t.Context(), 7)
		require.ErrorIs(t, err, errOdd)
	})
}

// nothing is a service without endpoints.
type nothing struct{}

func (*nothing) HTTP(*httpx.Routes)    {}
func (*nothing) GRPC(m *grpcx.Methods) { m.Service("nothing") }

// TestRFC000ServerHasEndpoints serves several endpoints, and refuses a service that has none.
func TestRFC000ServerHasEndpoints(t *testing.T) {
	t.Parallel()
	same := func(_ context.Context, n int) (int, error) { return n, nil }
	h := newHost(t, &posts{Post: double, Put: same}, setup{})
	overEach(t, func(t *testing.T, transport string) {
		c := h.client(t, transport)
		doubled, err := c.Post(t.Context(), 3)
		require.NoError(t, err)
		put, err := c.Put(t.Context(), 3)
		require.NoError(t, err)
		require.Equal(t, []int{6, 3}, []int{doubled, put})
	})
	const want = "has no field of type endpoint.Endpoint"
	require.ErrorContains(t, httpx.Mount(http.NewServeMux(), new(nothing)), want)
	require.ErrorContains(t, grpcx.Register(grpc.NewServer(), new(nothing)), want)
}

// authenticate sets the principal from the header Authorization.
var authenticate = endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
	call := endpoint.CallFrom(ctx)
	call.SetPrincipal(strings.TrimPrefix(call.Header().Get("Authorization"), "Bearer "))
	return ctx, nil, nil
})

// TestRFC000EndpointPropagatesContext has an endpoint that sees who calls, with which token
// and until when, and a second one behind it that the deadline reaches.
func TestRFC000EndpointPropagatesContext(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, transport string) {
		type values struct {
			principal, token string
			deadline         time.Time
		}
		seen := make(chan values, 2)
		see := func(ctx context.Context) {
			call, v := endpoint.CallFrom(ctx), values{}
			v.principal, v.token = call.Principal(), call.Header().Get("Authorization")
			v.deadline, _ = ctx.Deadline()
			seen <- v
		}
		behind := newHost(t, served(func(ctx context.Context, n int) (int, error) {
			see(ctx)
			return n, nil
		}), setup{}).client(t, transport)
		front := newHost(t, served(func(ctx context.Context, n int) (int, error) {
			see(ctx)
			return behind.Post(ctx, n)
		}), setup{layers: []endpoint.Layer{authenticate}}).client(t, transport)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := front.Post(endpoint.WithHeader(ctx, "Authorization", "Bearer ada"), 1)
		require.NoError(t, err)
		deadline, _ := ctx.Deadline()
		first, second := <-seen, <-seen
		require.Equal(t, "ada", first.principal)
		require.Equal(t, "Bearer ada", first.token)
		require.WithinDuration(t, deadline, first.deadline, 10*time.Second)
		require.Empty(t, second.token, "a token goes to another service only if the handler sends it")
		require.WithinDuration(t, first.deadline, second.deadline, 10*time.Second)
	})
}

// TestRFC000EndpointRespectsCancellation has handlers that wait for the end of their
// context: by the deadline of the caller, or because it gave up.
func TestRFC000EndpointRespectsCancellation(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, transport string) {
		begun, ended := make(chan struct{}, 1), make(chan error, 1)
		c := newHost(t, served(func(ctx context.Context, _ int) (int, error) {
			begun <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
			return 0, ctx.Err()
		}), setup{}).client(t, transport)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Post(ctx, 1)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		<-begun
		require.Error(t, <-ended)

		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := c.Post(ctx, 1)
			failed <- err
		}()
		<-begun
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-failed))
	})
}

// TestRFC000ServerListsEndpoints looks at the list of endpoints.
func TestRFC000ServerListsEndpoints(t *testing.T) {
	t.Parallel()
	h := newHost(t, served(double), setup{})
	status, body := ask(t, "http://"+h.addr["admin"]+"/endpoints", "")
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{
		`"service":"posts","name":"Post","side":"server","transport":"http","method":"POST","path":"/post","idempotent":false`,
		`"service":"posts","name":"Put","side":"server","transport":"http","method":"PUT","path":"/put","idempotent":true`,
		`"service":"posts","name":"Post","side":"server","transport":"grpc"`,
		`"service":"posts","name":"Put","side":"server","transport":"grpc"`,
	} {
		require.Contains(t, body, want)
	}
}

// TestRFC000RequestRunsInContext has layers and a handler, each of which sees in its context
// what those outside of it set.
func TestRFC000RequestRunsInContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	trail := func(ctx context.Context) string { s, _ := ctx.Value(key{}).(string); return s }
	adds := func(name string) endpoint.Layer {
		return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return context.WithValue(ctx, key{}, trail(ctx)+name+" "), nil, nil
		})
	}
	seen := make(chan string, 1)
	h := newHost(t, served(func(ctx context.Context, n int) (int, error) {
		seen <- trail(ctx) + endpoint.CallFrom(ctx).Operation().Name
		return n, nil
	}), setup{layers: []endpoint.Layer{adds("outer"), adds("inner")}})
	for _, transport := range transports {
		_, err := h.client(t, transport).Put(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, "outer inner Put", <-seen, transport)
	}
}

// TestRFC000ServerUsesTransports serves one service over two transports.
func TestRFC000ServerUsesTransports(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	h := newHost(t, served(func(ctx context.Context, n int) (int, error) {
		seen <- endpoint.CallFrom(ctx).Operation().Transport
		return 2 * n, nil
	}), setup{})
	for transport, want := range map[string]string{"HTTP": "http", "gRPC": "grpc"} {
		got, err := h.client(t, transport).Post(t.Context(), 21)
		require.NoError(t, err)
		require.Equal(t, 42, got)
		require.Equal(t, want, <-seen)
	}
}

// A linePart is a transport of one's own: a number on a line, and the response on another.
type linePart struct {
	call  endpoint.Endpoint[int, int]
	quit  context.Context
	stop  context.CancelFunc
	ended chan struct{}
}

func newLinePart(call endpoint.Endpoint[int, int]) *linePart {
	quit, stop := context.WithCancel(context.Background())
	return &linePart{call, quit, stop, make(chan struct{})}
}

func (p *linePart) Serve(l net.Listener) error {
	defer close(p.ended)
	defer context.AfterFunc(p.quit, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		in, _ := strconv.Atoi(strings.TrimSpace(line))
		out, err := p.call(p.quit, in)
		_, _ = fmt.Fprintln(conn, out, err)
		_ = conn.Close()
	}
}

func (p *linePart) Drain(context.Context) error {
	p.stop()
	<-p.ended
	return nil
}

func (p *linePart) Close() error {
	p.stop()
	return nil
}

// TestRFC000TransportIsInterchangeable serves an endpoint over a transport of one's own.
func TestRFC000TransportIsInterchangeable(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("posts", quiet(), server.Announce(lines))
	s.Add(server.Listen("lines", free, newLinePart(endpoint.Chain(double, s.Wrap))))
	stop := running(t, s)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", lines.addr(t, "lines"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintln(conn, 21)
	require.NoError(t, err)
	got, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "42 <nil>\n", got)
	require.NoError(t, stop())
}
