package stringsvc_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestTutorial follows docs/tutorial.md from an empty folder: it writes the files, builds and
// runs the programs, and compares the answers and the log.
func TestTutorial(t *testing.T) {
	t.Parallel()
	s := programtest.Follow(t, "../../../docs/tutorial.md", "../go.mod", func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"go", "run", "github.com/nats-io/nats-server/v2@v" + natsserver.VERSION, "-a", "localhost"}, c.Args)
		return "nats://localhost:4222", startNATS(t)
	})
	require.Len(t, s.Processes, 7)
	require.Equal(t, 19, s.Requests)
	testArguments(t, s)
	testStop(t, s)
}

// startNATS starts a NATS server until the test ends, and returns its URL.
func startNATS(t *testing.T) string {
	t.Helper()
	ns, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoLog: true, NoSigs: true})
	require.NoError(t, err)
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	require.True(t, ns.ReadyForConnections(time.Minute))
	return ns.ClientURL()
}

// testArguments starts the programs with wrong arguments.
func testArguments(t *testing.T, s *programtest.Shell) {
	t.Helper()
	for _, tt := range []struct {
		line string
		code int
		says string
	}{
		{"stringsvc1 -h", 0, "-listen address\n    \taddress to serve HTTP on, host:port (default :8080)\n"},
		{"stringsvc1 -nope", 2, "flag provided but not defined: -nope"},
		{"stringsvc1 -listen localhost", 2, `invalid value "localhost" for flag -listen: `},
		{"stringsvc2 -listen :99999", 2, `invalid value ":99999" for flag -listen: `},
		{"stringsvc3 -proxy a:1,b", 2, `invalid value "a:1,b" for flag -proxy: address b: missing port in address`},
		{"stringsvc3 -proxy a:nope", 2, `invalid value "a:nope" for flag -proxy: `},
		{"stringsvc3 localhost:8001", 2, "stringsvc3: unexpected argument \"localhost:8001\"\n"},
		{"stringsvc4 x", 2, "stringsvc4: unexpected argument \"x\"\n"},
		{"stringsvc4 -nats-url nats://127.0.0.1:1", 1, "stringsvc4: nats: no servers available for connection\n"},
	} {
		args := strings.Fields(tt.line)
		got := programtest.Run(t, s.Program(args[0]), args[1:]...)
		require.Equal(t, tt.code, got.Code, tt.line)
		require.Contains(t, got.Stderr, tt.says, tt.line)
		require.Empty(t, got.Stdout, tt.line)
	}
	spaces := programtest.Run(t, s.Program("stringsvc3"), "-proxy", "a:1, b")
	require.Contains(t, spaces.Stderr, "address b: missing port", "as in go-kit's, spaces may follow a comma")
}

// testStop stops stringsvc4 while a call over HTTP has not gone on over NATS yet.
func testStop(t *testing.T, s *programtest.Shell) {
	t.Helper()
	p := programtest.Launch(t, s.Program("stringsvc4"), "-listen", "127.0.0.1:0", "-nats-url", startNATS(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addresses(t, "HTTP")["HTTP"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, "POST /uppercase HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"+
		"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n') // the server reads the body
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = r.Discard(len("\r\n"))
	require.NoError(t, err)

	p.Signal(t, syscall.SIGTERM)
	p.Await(t, "kind=closing ")
	_, err = io.WriteString(conn, `{"s":"a"}`)
	require.NoError(t, err)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"v":"A"}`, string(answer))
	require.Equal(t, 0, p.Wait(t))
}
