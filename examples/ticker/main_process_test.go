package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// TestProcess runs a server, a watcher, and sends a signal while a stream is open.
func TestProcess(t *testing.T) {
	t.Parallel()
	self := programtest.Self(t)
	server := programtest.Launch(t, self, "-listen", "127.0.0.1:0", "-interval", "5ms")
	url := "http://" + server.Addresses(t, "HTTP")["HTTP"]

	watched := programtest.Run(t, self, "-watch", url, "-n", "3")
	require.Equal(t, 0, watched.Code, "stderr: %s", watched.Stderr)
	require.Equal(t, 3, strings.Count(watched.Stdout, "\n"), "printed %q", watched.Stdout)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/ticks", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body := bufio.NewReader(resp.Body)
	first, err := body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "id: 1\n", first)

	server.Signal(t, syscall.SIGTERM)
	rest, err := io.ReadAll(body)
	require.NoError(t, err, "the stream ends, and is not cut off")
	require.Contains(t, string(rest), "event: error\nretry: 1000\n")
	require.Contains(t, string(rest), `"reason":"STOPPING"`)
	server.Await(t, programtest.Draining)
	require.Equal(t, 0, server.Wait(t))
}

// TestWatchSignal ends a watcher by a signal.
func TestWatchSignal(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-watch", listen(t, handler(t, quick)), "-n", "1000000000")
	require.Regexp(t, "^1 ", p.Line(t))
	p.Stop(t)
	require.Empty(t, p.Log())
}
