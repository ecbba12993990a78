package thriftx_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/thriftx"
)

// TestTLS has calls over TLS, one after another over one connection.
func TestTLS(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(certified.Close)
	s := thriftx.NewServer()
	require.NoError(t, thriftx.Register(s, newShop(nil)))
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(tls.NewListener(l, &tls.Config{Certificates: certified.TLS.Certificates})) }() //nolint:gosec // TLS 1.2 is the default
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
	})
	trusted := certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: trusted, ServerName: "example.com"}} //nolint:gosec // as above
	conn := thriftx.To(l.Addr().String(), thriftx.Dial(dialer.DialContext))
	t.Cleanup(func() { _ = conn.Close() })
	var c Shop
	require.NoError(t, thriftx.Client(conn, &c))
	for n := range int64(20) {
		sum, err := c.Sum(t.Context(), SumRequest{n, 1})
		require.NoError(t, err)
		require.Equal(t, n+1, sum)
	}
}
