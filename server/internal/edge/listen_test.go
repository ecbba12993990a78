package edge_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

func TestListenTCP(t *testing.T) {
	t.Parallel()
	l, err := edge.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	exchangeByte(t, l)
	_, err = edge.Listen(t.Context(), l.Addr().String())
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.EqualError(t, err, `address "`+l.Addr().String()+`": bind: address already in use`)
	_, ok := errors.AsType[*edge.AddrError](err)
	require.True(t, ok)
	require.NoError(t, l.Close())
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, tt := range []struct {
		ctx        context.Context //nolint:containedctx // of the case
		addr, want string
	}{
		{t.Context(), "8080", "must be host:port"},
		{t.Context(), "host.invalid:80", "no such host"},
		{ended, "host.invalid:80", "operation was canceled"},
		{t.Context(), "unix:/no/such/folder/x", "no such file or directory"},
		{t.Context(), "systemd:web", "systemd passed no sockets"},
	} {
		_, err := edge.Listen(tt.ctx, tt.addr)
		of, ok := errors.AsType[*edge.AddrError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, tt.addr, of.Addr)
		require.ErrorContains(t, err, tt.want)
	}
}

// exchangeByte sends a byte to l, from which it must come back.
func exchangeByte(t *testing.T, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = c.Write([]byte("x"))
			err = errors.Join(err, c.Close())
		}
		served <- err
	}()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	require.NoError(t, err)
	b := make([]byte, 1)
	_, err = c.Read(b)
	require.NoError(t, err)
	require.Equal(t, "x", string(b))
	require.NoError(t, c.Close())
	require.NoError(t, <-served)
}
