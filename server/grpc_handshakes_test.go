package server

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHandshakesForget has connections whose handshake is over, and connections that end during
// it: nothing is kept of either.
func TestHandshakesForget(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &grpcPart{}
	waiting := &handshakes{l, p}
	defer func() { _ = waiting.Close() }()
	for _, end := range []func(net.Conn) error{
		net.Conn.Close,
		func(c net.Conn) error { return c.SetDeadline(time.Time{}) },
	} {
		client, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		conn, err := waiting.Accept()
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Hour)))
		require.Len(t, p.handshakes, 1)
		require.NoError(t, end(conn))
		require.Empty(t, p.handshakes)
		_ = client.Close()
		_ = conn.Close()
	}
}
