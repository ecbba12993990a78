package httpxtest

import (
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/typedkit/endpoint/endpointtest"
)

// base is the URL of the one server of a network.
const base = "http://server.test"

// patience is how long the end of a test waits for calls that still run.
const patience = 10 * time.Second

// A network is a real server and a real transport of net/http that speak HTTP/2 over a
// network in memory.
type network struct {
	listener  *endpointtest.Listener
	server    *http.Server
	transport *http.Transport
	served    chan struct{} // closed when the server has ended

	mu     sync.Mutex // guards the fields below
	calls  int        // that run
	ending bool
	ended  chan struct{} // closed when ending, and no call runs
}

// serve serves h until the test has ended.
func serve(tb testing.TB, h http.Handler) *network {
	tb.Helper()
	n := &network{listener: endpointtest.NewListener(), served: make(chan struct{}), ended: make(chan struct{})}
	http2 := new(http.Protocols)
	http2.SetUnencryptedHTTP2(true)
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.enter() {
			defer n.leave()
			h.ServeHTTP(w, r)
		}
	})
	n.server = &http.Server{Handler: counted, Protocols: http2, ReadHeaderTimeout: patience, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	n.transport = &http.Transport{DialContext: n.listener.Dial, Protocols: http2}
	go func() {
		defer close(n.served)
		_ = n.server.Serve(n.listener)
	}()
	tb.Cleanup(func() { n.close(tb) })
	return n
}

// close ends what still runs, and waits for it.
func (n *network) close(tb testing.TB) {
	tb.Helper()
	n.transport.CloseIdleConnections()
	_ = n.server.Close()
	<-n.served
	n.mu.Lock()
	n.ending = true
	if n.calls == 0 {
		close(n.ended)
	}
	n.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-n.ended:
	case <-late.C:
		tb.Errorf("httpxtest: a call still runs %v after the end of its context", patience)
	}
}

// enter counts a call. It reports whether there is time for one.
func (n *network) enter() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.ending {
		n.calls++
	}
	return !n.ending
}

func (n *network) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.calls--; n.ending && n.calls == 0 {
		close(n.ended)
	}
}
