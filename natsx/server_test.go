package natsx_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
)

// TestQueueGroup has three servers of one service: each request is served once, and all
// servers get some.
func TestQueueGroup(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		var mu sync.Mutex
		served := map[string]int{}
		for i := range 3 {
			serve(t, ns, &Strings{Repeat: thrice, Upper: func(_ context.Context, in Text) (Text, error) {
				mu.Lock()
				defer mu.Unlock()
				served[strconv.Itoa(i)]++
				return in, nil
			}})
		}
		var c Strings
		connect(t, ns, &c)
		for range 300 {
			_, err := c.Upper(t.Context(), Text{"a"})
			require.NoError(t, err)
		}
		require.Len(t, served, 3)
		require.Equal(t, 300, served["0"]+served["1"]+served["2"])
	})
}

// TestDrain stops a server with calls in flight: they end with their responses, streams end
// with the code Unavailable, and new calls find no server. It needs the real clock, as
// the next test: nats.go shares the timers of a drain among all connections.
func TestDrain(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	started, end := make(chan struct{}, 1000), make(chan struct{}) // started has room for calls that come before NATS knows
	s := serve(t, ns, &Strings{
		Upper: func(_ context.Context, in Text) (Text, error) {
			started <- struct{}{}
			<-end
			return in, nil
		},
		Repeat: func(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
			started <- struct{}{}
			return endless(ctx, in)
		},
	})
	var c Strings
	connect(t, ns, &c)
	served := make(chan error, 1)
	go func() { served <- s.Serve(nil) }()
	unary, stream := make(chan error, 1), make(chan error, 1)
	go func() { _, err := c.Upper(t.Context(), Text{"a"}); unary <- err }()
	go func() { _, err := collect(t, &c); stream <- err }()
	<-started
	<-started
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Drain(over), context.Canceled)
	require.NoError(t, <-served)
	err := <-stream
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.Equal(t, "endpoint/STOPPING", endpoint.ErrorOf(err).Domain()+"/"+endpoint.ErrorOf(err).Reason())
	require.Equal(t, time.Second, endpoint.ErrorOf(err).RetryAfter())
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(t.Context()) }()
	for err = nil; !endpoint.NotSent(err); { // until the NATS server knows
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err = c.Upper(short, Text{"b"})
		cancel()
	}
	require.Empty(t, drained, "a call is in flight")
	close(end)
	require.NoError(t, <-unary)
	require.NoError(t, <-drained)
	require.NoError(t, s.Drain(t.Context()), "again")
	require.NoError(t, s.Close())
}

// TestDrainPending drains a server that has requests which are not served yet.
func TestDrainPending(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	behind, conn := dial(t, ns), dial(t, ns)
	s := natsx.NewServer(behind)
	require.NoError(t, natsx.Register(s, &Strings{Upper: upper, Repeat: thrice}))
	require.NoError(t, s.Start())
	sub, err := conn.SubscribeSync(conn.NewInbox())
	require.NoError(t, err)
	for range 1000 {
		require.NoError(t, conn.PublishRequest("strings.upper", sub.Subject, []byte(`{"s":"a"}`)))
	}
	require.NoError(t, conn.FlushWithContext(within(t)))
	require.NoError(t, s.Drain(t.Context()))
	require.Zero(t, behind.NumSubscriptions())
	buffered, err := behind.Buffered()
	require.NoError(t, err)
	require.Zero(t, buffered, "the responses were sent")
	for range 1000 {
		_, err := sub.NextMsgWithContext(within(t))
		require.NoError(t, err)
	}
}

// TestClose ends the calls in flight.
func TestClose(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		started := make(chan struct{})
		s := serve(t, ns, &Strings{Repeat: thrice, Upper: func(ctx context.Context, in Text) (Text, error) {
			close(started)
			<-ctx.Done()
			return in, ctx.Err()
		}})
		var c Strings
		connect(t, ns, &c)
		done := make(chan error, 1)
		go func() { _, err := c.Upper(t.Context(), Text{"a"}); done <- err }()
		<-started
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "again")
		err := <-done
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.Equal(t, "STOPPING", endpoint.ErrorOf(err).Reason())
		require.NoError(t, s.Serve(nil), "after Close")
		require.NoError(t, s.Drain(t.Context()), "after Close")
	})
}

// TestCutStream has a stream whose handler returns without an error when its context ends:
// it does not look complete, neither to the layers of the server nor to the client.
func TestCutStream(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		exits := make(chan error, 1)
		s := serve(t, ns, &Strings{Upper: upper, Repeat: func(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
			return func(yield func(Text, error) bool) {
				if yield(in, nil) {
					<-ctx.Done()
				}
			}, nil
		}}, natsx.Use(endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { exits <- err; return err }, nil
		})))
		var c Strings
		connect(t, ns, &c)
		done := make(chan error, 1)
		go func() { _, err := collect(t, &c); done <- err }()
		synctest.Wait()
		require.NoError(t, s.Close())
		for _, err := range []error{<-exits, <-done} {
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.Equal(t, "STOPPING", endpoint.ErrorOf(err).Reason())
		}
	})
}

// TestConnectionClosed closes the connection of a server.
func TestConnectionClosed(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		conn := dial(t, ns)
		s := natsx.NewServer(conn)
		require.NoError(t, natsx.Register(s, &Strings{Upper: upper, Repeat: thrice}))
		served := make(chan error, 1)
		go func() { served <- s.Serve(nil) }()
		synctest.Wait()
		conn.Close()
		require.ErrorContains(t, <-served, "the connection is closed")
		require.ErrorContains(t, s.Serve(nil), "the connection is closed")
		require.NoError(t, s.Drain(t.Context()))
		require.NoError(t, s.Close())

		late := natsx.NewServer(conn)
		require.NoError(t, natsx.Register(late, &Strings{Upper: upper, Repeat: thrice}))
		require.ErrorIs(t, late.Start(), nats.ErrConnectionClosed)
		require.NoError(t, late.Close())
	})
}

// TestServerMisuse has servers that cannot serve.
func TestServerMisuse(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		svc := &Strings{Upper: upper, Repeat: thrice}
		for name, s := range map[string]*natsx.Server{"nil": nil, "zero": new(natsx.Server), "without a connection": natsx.NewServer(nil)} {
			require.Error(t, natsx.Register(s, svc), name)
			require.Error(t, s.Start(), name)
			require.Error(t, s.Serve(nil), name)
			require.Error(t, s.Drain(t.Context()), name)
			require.Error(t, s.Close(), name)
		}
		s := serve(t, ns, svc)
		require.EqualError(t, s.Start(), "natsx: the server was started before")
		require.EqualError(t, natsx.Register(s, svc), `natsx: the server has started; register before that
natsx: Strings.Upper: the subject strings.upper is registered already, for Strings.Upper
natsx: Strings.Repeat: the subject strings.repeat is registered already, for Strings.Repeat`)
		closed := new(closedListener)
		require.ErrorContains(t, s.Serve(closed), "server.Join")
		require.True(t, closed.closed)

		unstarted := natsx.NewServer(dial(t, ns))
		require.NoError(t, unstarted.Drain(t.Context()))
		require.Error(t, unstarted.Start(), "after Drain")
		require.NoError(t, unstarted.Serve(nil), "after Drain")
	})
}

// closedListener notes that it was closed.
type closedListener struct {
	net.Listener
	closed bool
}

func (l *closedListener) Close() error { l.closed = true; return errors.New("closed") }

// TestStartBeforeConnection starts a server whose connection is not established yet. It
// needs the real clock, as TestDrain does.
func TestStartBeforeConnection(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	gate := &gate{ns: ns}
	conn, err := nats.Connect("", nats.InProcessServer(gate), nats.RetryOnFailedConnect(true), nats.ReconnectWait(time.Millisecond), quiet)
	require.NoError(t, err)
	defer conn.Close()
	s := natsx.NewServer(conn)
	require.NoError(t, natsx.Register(s, &Strings{Upper: upper, Repeat: thrice}))
	require.NoError(t, s.Start())
	defer func() { _ = s.Close() }()
	var c, direct Strings
	connect(t, ns, &c)
	require.NoError(t, natsx.Client(natsx.To(conn), &direct))
	_, err = direct.Upper(t.Context(), Text{"a"})
	require.True(t, endpoint.NotSent(err), "%v", err)
	require.ErrorContains(t, err, "the connection to NATS is ")
	connected := conn.StatusChanged(nats.CONNECTED)
	gate.open()
	<-connected
	require.NoError(t, conn.FlushWithContext(within(t)))
	got, err := c.Upper(t.Context(), Text{"a"})
	require.NoError(t, err)
	require.Equal(t, Text{"A"}, got)
}

// A gate refuses connections until it is open.
type gate struct {
	ns     *server.Server
	mu     sync.Mutex // guards isOpen
	isOpen bool
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = true
}

func (g *gate) InProcessConn() (net.Conn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.isOpen {
		return nil, errors.New("no connection")
	}
	return g.ns.InProcessConn()
}
