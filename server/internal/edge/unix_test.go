package edge_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// socketPath returns a path that is short enough for a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "edge") //nolint:usetesting // that of TempDir may be too long
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestListenUnix(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	l, err := edge.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	file, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.ModeSocket|0o660, file.Mode())
	require.Equal(t, path, l.Addr().String())
	exchangeByte(t, l)
	require.NoError(t, l.Close())
	require.NoFileExists(t, path)
	require.ErrorIs(t, l.Close(), net.ErrClosed)
}

func TestListenUnixAbstract(t *testing.T) {
	t.Parallel()
	name := "@" + socketPath(t)
	l, err := edge.Listen(t.Context(), "unix:"+name)
	require.NoError(t, err)
	exchangeByte(t, l)
	_, err = edge.Listen(t.Context(), "unix:"+name)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.NoError(t, l.Close())
}

// TestListenUnixStale has the file of a process that died.
func TestListenUnixStale(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	dead, err := net.Listen("unix", path)
	require.NoError(t, err)
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	l, err := edge.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	exchangeByte(t, l)
	require.NoError(t, l.Close())
}

func TestListenUnixInUse(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	living, err := edge.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	_, err = edge.Listen(t.Context(), "unix:"+path)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	c, err := living.Accept() // the question whether it lives
	require.NoError(t, err)
	require.NoError(t, c.Close())
	exchangeByte(t, living)
	require.NoError(t, living.Close())
}

// TestListenUnixOtherFile has files that must not be removed.
func TestListenUnixOtherFile(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	require.NoError(t, os.WriteFile(path, []byte("kept"), 0o600))
	_, err := edge.Listen(t.Context(), "unix:"+path)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "not a socket")
	require.FileExists(t, path)

	packets, err := net.ListenPacket("unixgram", path+"2")
	require.NoError(t, err)
	_, err = edge.Listen(t.Context(), "unix:"+path+"2")
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "a process may be listening")
	require.NoError(t, packets.Close())

	ended, end := context.WithCancel(t.Context())
	end()
	l, err := edge.Listen(t.Context(), "unix:"+path+"3")
	require.NoError(t, err)
	_, err = edge.Listen(ended, "unix:"+path+"3")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, l.Close())
}

// TestListenUnixReplaced closes a listener whose file was replaced by another process's.
func TestListenUnixReplaced(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	first, err := edge.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	require.NoError(t, os.Rename(path, path+"-old")) // its inode stays in use
	second, err := edge.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	require.NoError(t, first.Close())
	exchangeByte(t, second)
	require.NoError(t, second.Close())
}
