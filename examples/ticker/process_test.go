package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProcess runs the program as processes of their own: a server, a watcher,
// and a signal while a stream is open.
func TestProcess(t *testing.T) {
	t.Parallel()
	bin := build(t)
	server := exec.CommandContext(t.Context(), bin, "-listen", "127.0.0.1:0", "-interval", "5ms")
	var stderr bytes.Buffer
	server.Stderr = &stderr
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	url, ok := strings.CutPrefix(strings.TrimSuffix(line, "/\n"), "listening on ")
	require.True(t, ok, "printed %q", line)

	out, err := exec.CommandContext(t.Context(), bin, "-watch", url, "-n", "3").Output()
	require.NoError(t, err)
	require.Equal(t, 3, bytes.Count(out, []byte("\n")), "printed %q", out)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/ticks", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body := bufio.NewReader(resp.Body)
	first, err := body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "id: 1\n", first)

	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(body)
	require.NoError(t, err, "the stream ends, and is not cut off")
	require.Contains(t, string(rest), "event: error\n")
	require.Contains(t, string(rest), `"reason":"STOPPING"`)
	require.NoError(t, server.Wait(), "exit code 0; stderr: %s", &stderr)
	require.Contains(t, stderr.String(), "msg=stopping")

	out, err = exec.CommandContext(t.Context(), bin, "-nope").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "-nope")
}

// build builds the program and returns its file.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "ticker")
	// Stamping asks git, which may not trust the owner of the checkout.
	out, err := exec.CommandContext(t.Context(), find(t, "go"), "build", "-buildvcs=false", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, "go build: %s", out)
	return bin
}

// find returns the file of a program that the test cannot do without.
func find(t *testing.T, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("ENDPOINT_CI") != "":
		t.Fatalf("%s is missing: %v", name, err)
	default:
		t.Skipf("%s is missing: %v", name, err)
	}
	return file
}
