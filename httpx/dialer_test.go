package httpx_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
)

func TestDialer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, addr, want string
		opts             []httpx.ConnOption
	}{
		{"an address", "10.0.0.1:80", "http://10.0.0.1:80", nil},
		{"IPv6", "[2001:db8::1]:80", "http://[2001:db8::1]:80", nil},
		{"with TLS", "10.0.0.1:443", "https://10.0.0.1:443", []httpx.ConnOption{httpx.TLS(&tls.Config{})}},
		{"a base", "https://example.com/api/", "https://example.com/api", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := httpx.Dialer(tt.opts...)(t.Context(), tt.addr)
			require.NoError(t, err)
			require.Equal(t, tt.want, c.String())
		})
	}
	for _, tt := range []struct {
		addr, want string
		opts       []httpx.ConnOption
	}{
		{"ftp://10.0.0.1", `the scheme "ftp"`, nil},
		{"http://10.0.0.1", "option TLS is for the scheme https", []httpx.ConnOption{httpx.TLS(&tls.Config{})}},
		{"https://10.0.0.1", "option H2C is for the scheme http", []httpx.ConnOption{httpx.H2C()}},
	} {
		_, err := httpx.Dialer(tt.opts...)(t.Context(), tt.addr)
		require.ErrorContains(t, err, tt.want, tt.addr)
	}
}

// TestDialerFaults has options that are wrong whatever the address: they are found before
// there is a pool.
func TestDialerFaults(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]httpx.ConnOption{
		"httpx: Dialer: option MaxResponse: 0 is not positive\na nil option":                        {httpx.MaxResponse(0), nil},
		"httpx: Dialer: option TLS: the configuration is nil":                                       {httpx.TLS(nil)},
		"httpx: Dialer: options TLS and H2C exclude each other: H2C is HTTP/2 without TLS":          {httpx.H2C(), httpx.TLS(&tls.Config{})},
		"httpx: Dialer: options TLS and H2C are not for an HTTPClient, which has its own transport": {httpx.H2C(), httpx.HTTPClient(http.DefaultClient)},
	} {
		require.PanicsWithValue(t, want, func() { httpx.Dialer(opts...) })
	}
}

// TestDialerSharesConnections: all routes of a client use one connection to an
// instance.
func TestDialerSharesConnections(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	server := httptest.NewUnstartedServer(nil)
	mux := http.NewServeMux()
	server.Config.Handler = mux
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		conns.Add(1)
		return ctx
	}
	require.NoError(t, httpx.Mount(mux, &Strings{Upper: upper, Count: count}))
	server.Start()
	defer server.Close()

	pool := discover.New(httpx.Dialer())
	ended := make(chan error)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- pool.Run(ctx, discover.Static(server.Listener.Addr().String())) }()
	var c Strings
	require.NoError(t, httpx.Client(pool, &c))
	for range 3 {
		_, err := c.Upper(t.Context(), Text{"a"})
		require.NoError(t, err)
		_, err = c.Count(t.Context(), Text{"a"})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, conns.Load())
	stop()
	require.NoError(t, <-ended)
}
