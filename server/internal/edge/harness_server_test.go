package edge_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// serve serves h over l until stop is called, which waits for the server's end.
func serve(t *testing.T, l net.Listener, h http.Handler, limits edge.Limits) (stop func()) {
	t.Helper()
	s := edge.NewHTTPServer(h, limits, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return func() {
		t.Helper()
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	}
}

// bubble serves h with the default limits in memory, for a test in a bubble.
func bubble(t *testing.T, h http.HandlerFunc) (l *endpointtest.Listener, stop func()) {
	t.Helper()
	l = endpointtest.NewListener()
	return l, lingering(serve(t, edge.Bound(l, edge.DefaultLimits(), slog.New(slog.DiscardHandler)), h, edge.DefaultLimits()))
}

// lingering waits after a stop, in a bubble: net/http keeps some connections for half a
// second.
func lingering(stop func()) func() {
	return func() {
		stop()
		pause(time.Second)
	}
}

// dialer makes connections of the client's.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// client returns a client of HTTP/1 or HTTP/2 without TLS.
func client(dial dialer, http2 bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	return &http.Transport{Protocols: protocols, DialContext: dial}
}

// send sends a request and returns the response.
func send(t *testing.T, c *http.Transport, method string, body io.Reader) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://x/", body)
	require.NoError(t, err)
	return c.RoundTrip(r)
}

// protocols runs test over HTTP/1 and over HTTP/2.
func protocols(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Helper()
	for name, http2 := range map[string]bool{"HTTP 1": false, "HTTP 2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, http2)
		})
	}
}

// logged is a handler of slog that keeps the records.
type logged struct {
	slog.Handler

	mu      sync.Mutex // guards records
	records []slog.Record
}

func newLog() (*slog.Logger, *logged) {
	l := &logged{Handler: slog.DiscardHandler}
	return slog.New(l), l
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r)
	return nil
}

// lines returns the records as "LEVEL message key=value".
func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, r := range l.records {
		line := r.Level.String() + " " + r.Message
		r.Attrs(func(a slog.Attr) bool {
			line += " " + a.String()
			return true
		})
		all = append(all, line)
	}
	return all
}
