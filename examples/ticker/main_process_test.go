package main

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/internal/programtest"
)

// TestProcess runs the program as processes of their own: a server, a watcher,
// and a signal while a stream is open.
func TestProcess(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(programtest.Build(t, "."), "ticker")
	server := programtest.Launch(t, bin, "-listen", "127.0.0.1:0", "-interval", "5ms")
	_, url := server.Listening(t)
	url = strings.TrimSuffix(url, "/")

	watched := programtest.Run(t, bin, "-watch", url, "-n", "3")
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
	require.Contains(t, string(rest), "event: error\nretry: 500\n")
	require.Contains(t, string(rest), `"reason":"STOPPING"`)
	server.Await(t, "msg=stopping")
	require.Equal(t, 0, server.Wait(t))

	wrong := programtest.Run(t, bin, "-nope")
	require.NotEqual(t, 0, wrong.Code)
	require.Contains(t, wrong.Stderr, "-nope")
}
