package server_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// TestKeptAlive has clients whose connections stay open behind a load balancer that sends
// new ones to another server. No POST may be sent on a connection that is about to end.
func TestKeptAlive(t *testing.T) {
	t.Parallel()
	n := int64(2500)
	if os.Getenv("ENDPOINT_LONG") != "" {
		n = 25000
	}
	for name, h2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same := func(_ context.Context, n int) (int, error) { return n, nil }
			start := func() (addr string, stop func() error) {
				lines := newAnnouncements()
				s := server.New("posts", quiet(), server.Announce(lines), server.Propagation(500*time.Millisecond))
				mux := http.NewServeMux()
				require.NoError(t, httpx.Mount(mux, &posts{Post: same, Put: same}, httpx.Use(s)))
				s.Add(server.HTTP(free, mux))
				stop = running(t, s)
				return lines.addr(t, "HTTP"), stop
			}
			addr, stopFirst := start()
			next, stopNext := start()
			t.Cleanup(func() { _ = stopNext() })
			var to atomic.Value
			to.Store(addr)
			transport := &http.Transport{
				Protocols: new(http.Protocols), MaxIdleConnsPerHost: 100,
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, to.Load().(string))
				},
			}
			transport.Protocols.SetHTTP1(!h2)
			transport.Protocols.SetUnencryptedHTTP2(h2)
			t.Cleanup(transport.CloseIdleConnections)
			var c posts
			require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(&http.Client{Transport: transport})), &c))

			var made, lost atomic.Int64
			var last atomic.Value
			stopped := make(chan error, 1)
			var workers sync.WaitGroup
			for range 32 {
				workers.Go(func() {
					pause := time.NewTicker(20 * time.Millisecond)
					defer pause.Stop()
					for i := made.Add(1); i <= n; i = made.Add(1) {
						if i == n/4 {
							to.Store(next)
							go func() { stopped <- stopFirst() }()
						}
						if got, err := c.Post(t.Context(), int(i)); err != nil || got != int(i) {
							lost.Add(1)
							last.Store(err)
						}
						<-pause.C
					}
				})
			}
			workers.Wait()
			require.NoError(t, <-stopped)
			t.Logf("of %d POSTs %d failed", n, lost.Load())
			limit := int64(2)
			if h2 {
				limit = 0
			}
			require.LessOrEqual(t, lost.Load(), limit, "%v", last.Load())
		})
	}
}

// TestClosingPhase checks that responses carry Connection: close once the server is about to
// stop, and not before.
func TestClosingPhase(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("posts", quiet(), server.Announce(lines), server.Propagation(time.Second))
	s.Add(server.HTTP(free, http.NotFoundHandler()))
	stop := running(t, s)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	url := "http://" + lines.addr(t, "HTTP")
	closes := func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		resp, err := (&http.Client{Transport: transport}).Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		return resp.Close
	}
	require.False(t, closes())
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for !closes() { // until nothing listens, at most
		runtime.Gosched()
	}
	require.NoError(t, <-stopped)
}
