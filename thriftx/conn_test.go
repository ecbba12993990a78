package thriftx_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
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

// TestClosedBetweenCalls has a server that closes each connection after its answer: no call
// gets a connection that was closed before it.
func TestClosedBetweenCalls(t *testing.T) {
	t.Parallel()
	l := listen(t)
	three := reply("sum", thrift.REPLY, 1, thrift.I64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write(three)
			_ = conn.Close()
			closed <- struct{}{}
		}
	}()
	conn := thriftx.To(l.Addr().String())
	t.Cleanup(func() { _ = conn.Close() })
	var c Shop
	require.NoError(t, thriftx.Client(conn, &c))
	for range 20 {
		sum, err := c.Sum(t.Context(), SumRequest{1, 2})
		require.NoError(t, err)
		require.Equal(t, int64(3), sum)
		<-closed
	}
	_ = l.Close()
	<-closed
}
