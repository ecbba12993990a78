package edge_test

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// passed has this process believe that systemd passed it a socket in descriptor first.
func passed(first int, env ...string) func(t *testing.T, addr string) (net.Listener, error) {
	return func(t *testing.T, addr string) (net.Listener, error) {
		t.Helper()
		return edge.ListenPassed(t.Context(), addr, func(name string) string {
			for _, e := range env {
				if value, ok := strings.CutPrefix(e, name+"="); ok {
					return value
				}
			}
			return ""
		}, first)
	}
}

func TestListenSystemd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	fd := int(file.Fd())
	pid := "LISTEN_PID=" + strconv.Itoa(os.Getpid())
	for name, listen := range map[string]func(t *testing.T, addr string) (net.Listener, error){
		"systemd:":        passed(fd, pid, "LISTEN_FDS=1"),
		"systemd:web":     passed(fd, pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"),
		"systemd:admin":   passed(fd-1, pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"),
		"systemd:unknown": passed(fd, pid, "LISTEN_FDS=1"),
	} {
		for range 2 { // the descriptor stays open
			got, err := listen(t, name)
			require.NoError(t, err, name)
			require.Equal(t, l.Addr(), got.Addr())
			exchangeByte(t, got)
			require.NoError(t, got.Close())
		}
	}
	require.NoError(t, file.Close())
	require.NoError(t, l.Close())
}

func TestListenSystemdFails(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	fd := int(file.Fd())
	pid := "LISTEN_PID=" + strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		addr, want string
		env        []string
	}{
		{"systemd:", "LISTEN_PID and LISTEN_FDS are not both set", nil},
		{"systemd:", "LISTEN_PID and LISTEN_FDS are not both set", []string{pid}},
		{"systemd:", "LISTEN_PID and LISTEN_FDS are not both set", []string{"LISTEN_FDS=1"}},
		{"systemd:", "to process 1, and this is process " + strconv.Itoa(os.Getpid()), []string{"LISTEN_PID=1", "LISTEN_FDS=1"}},
		{"systemd:", `LISTEN_FDS="0" is not a number of sockets`, []string{pid, "LISTEN_FDS=0"}},
		{"systemd:", `LISTEN_FDS="x" is not a number of sockets`, []string{pid, "LISTEN_FDS=x"}},
		{"systemd:", `LISTEN_FDS="1001" is not a number of sockets`, []string{pid, "LISTEN_FDS=1001"}},
		{"systemd:", `LISTEN_FDNAMES="a:b" has 2 names, and LISTEN_FDS is 1`, []string{pid, "LISTEN_FDS=1", "LISTEN_FDNAMES=a:b"}},
		{"systemd:", "several such sockets: a, b;", []string{pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b"}},
		{"systemd:a", "several such sockets: a, a;", []string{pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:a"}},
		{"systemd:c", "no socket of this name, but a, b", []string{pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b"}},
		{"systemd:", "descriptor " + strconv.Itoa(fd) + " is not a socket to listen on", []string{pid, "LISTEN_FDS=1"}},
		{"systemd:last", "descriptor " + strconv.Itoa(fd+999) + ", which systemd should have passed: bad file descriptor", []string{pid, "LISTEN_FDS=1000", "LISTEN_FDNAMES=" + strings.Repeat("a:", 999) + "last"}},
	} {
		_, err := passed(fd, tt.env...)(t, tt.addr)
		require.ErrorContains(t, err, tt.want)
		require.ErrorContains(t, err, `address "`+tt.addr+`"`)
	}
	require.NoError(t, file.Close())
}
