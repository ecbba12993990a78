//go:build linux

package edge_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNotInherited has a socket that systemd passed, which programs that the process starts
// do not get.
func TestNotInherited(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	fd, err := syscall.Dup(int(file.Fd())) // programs inherit it, as what systemd passes
	require.NoError(t, err)
	systemd, err := passed(fd, "LISTEN_PID="+strconv.Itoa(os.Getpid()), "LISTEN_FDS=1")(t, "systemd:")
	require.NoError(t, err)
	got, err := exec.CommandContext(t.Context(), "ls", "-l", "/proc/self/fd").CombinedOutput()
	require.NoError(t, err)
	socket, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	require.NoError(t, err)
	require.NotContains(t, string(got), socket)
	require.NoError(t, systemd.Close())
	require.NoError(t, errors.Join(file.Close(), syscall.Close(fd)))
	require.NoError(t, l.Close())
}
