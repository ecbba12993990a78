package natsx_test

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/resilience"
)

// cluster starts three NATS servers that know each other, on sockets.
func cluster(t *testing.T) []*server.Server {
	t.Helper()
	var all []*server.Server
	var routes []*url.URL
	for i := range 3 {
		o := &server.Options{
			ServerName: "node" + string(rune('0'+i)), Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: -1}, Routes: routes,
		}
		ns, err := server.NewServer(o)
		require.NoError(t, err)
		ns.Start()
		t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		require.True(t, ns.ReadyForConnections(10*time.Second))
		routes = append(routes, &url.URL{Scheme: "nats", Host: ns.ClusterAddr().String()})
		all = append(all, ns)
	}
	require.Eventually(t, func() bool {
		return all[0].NumRoutes() >= 2 && all[1].NumRoutes() >= 2 && all[2].NumRoutes() >= 2
	}, 10*time.Second, 10*time.Millisecond)
	return all
}

// join returns a connection to the cluster whose first node is first.
func join(t *testing.T, nodes []*server.Server, first int) *nats.Conn {
	t.Helper()
	urls := []string{nodes[first].ClientURL()}
	for i, ns := range nodes {
		if i != first {
			urls = append(urls, ns.ClientURL())
		}
	}
	conn, err := nats.Connect(strings.Join(urls, ","), nats.DontRandomize(), nats.ReconnectWait(50*time.Millisecond), nats.MaxReconnects(-1), quiet)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn
}

// idempotent is Strings with endpoints that may be repeated.
type idempotent struct{ Strings }

func (s *idempotent) Describe(f *endpoint.Facts) {
	f.Of(&s.Upper, endpoint.Idempotent())
	f.Of(&s.Repeat, endpoint.Idempotent())
}

// counting is an implementation of Repeat that counts until its context ends.
func counting(ctx context.Context, _ Text) (endpoint.Stream[Text], error) {
	return func(yield func(Text, error) bool) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n := 0; yield(Text{strconv.Itoa(n)}, nil); n++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				yield(Text{}, ctx.Err())
				return
			}
		}
	}, nil
}

// TestCluster kills the node that a client and one of three servers are connected to. A
// client with a Retry goes on. A stream through that node loses no item without an error.
func TestCluster(t *testing.T) {
	if os.Getenv("ENDPOINT_LONG") == "" {
		t.Skip("it takes half a minute; ENDPOINT_LONG is not set")
	}
	t.Parallel()
	nodes := cluster(t)
	var served [3]atomic.Int64
	for i := range nodes {
		s := natsx.NewServer(join(t, nodes, i))
		require.NoError(t, natsx.Register(s, &idempotent{Strings{Repeat: counting, Upper: func(_ context.Context, in Text) (Text, error) {
			served[i].Add(1)
			return upper(t.Context(), in)
		}}}))
		require.NoError(t, s.Start())
		t.Cleanup(func() { _ = s.Close() })
	}
	var c idempotent
	retry := resilience.NewRetry(20, resilience.Backoff(50*time.Millisecond, time.Second))
	timeout := endpoint.Only(resilience.NewTimeout(time.Second), func(op *endpoint.Operation) bool { return op.Streams == endpoint.Unary })
	require.NoError(t, natsx.Client(natsx.To(join(t, nodes, 0)), &c, natsx.Use(retry, timeout)))
	call := func(what string) {
		got, err := c.Upper(t.Context(), Text{"a"})
		require.NoError(t, err, what)
		require.Equal(t, Text{"A"}, got, what)
	}
	require.Eventually(t, func() bool {
		call("before")
		return served[0].Load() > 0 && served[1].Load() > 0 && served[2].Load() > 0
	}, 10*time.Second, time.Millisecond, "every server gets some requests")

	items, err := c.Repeat(t.Context(), Text{"a"})
	require.NoError(t, err)
	n := 0
	for item, err := range items {
		if err != nil {
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "%v", err)
			break
		}
		require.Equal(t, strconv.Itoa(n), item.S)
		if n++; n == 1 {
			nodes[0].Shutdown()
			nodes[0].WaitForShutdown()
			for range 100 {
				call("after")
			}
		}
		if n == 1000 { // the stream survived
			break
		}
	}
	before := served[0].Load()
	require.Eventually(t, func() bool {
		call("later")
		return served[0].Load() > before
	}, 10*time.Second, 10*time.Millisecond, "the server of the killed node has moved to another one")
}
