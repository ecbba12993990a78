package programtest_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/internal/programtest"
)

const readme = "testdata/commands.md"

func TestCommands(t *testing.T) {
	t.Parallel()
	require.Equal(t, []programtest.Command{
		{Args: []string{"GOTOOLCHAIN=auto", "go", "build", "-o", ".", "./examples/internal/programtest/testdata/echo"}},
		{Args: []string{"./echo", "-listen", "localhost:8001", "one"}},
		{Args: []string{"./echo", "-listen", "localhost:8002", "localhost:8001"}},
		{Args: []string{"curl", "--json", `{"s":"hello, world"}`, "localhost:8001/echo"}, Answer: `one POST /echo application/json {"s":"hello, world"}`},
		{Args: []string{"curl", "-X", "DELETE", "localhost:8001/echo"}, Answer: "one DELETE /echo"},
		{Args: []string{"curl", "-d", `{"s":"a"}`, "localhost:8001/echo"}, Answer: `one POST /echo application/x-www-form-urlencoded {"s":"a"}`},
		{Args: []string{"curl", "-H", "Content-Type: text/plain", "-d", "a", "localhost:8001/echo"}, Answer: "one POST /echo text/plain a"},
	}, programtest.Commands(t, readme))
}

func TestAt(t *testing.T) {
	t.Parallel()
	c := programtest.Command{Args: []string{"curl", "localhost:8080/a"}, Answer: "localhost:8080"}
	got := c.At(strings.NewReplacer("localhost:8080", "127.0.0.1:1"))
	require.Equal(t, programtest.Command{Args: []string{"curl", "127.0.0.1:1/a"}, Answer: "localhost:8080"}, got)
	require.Equal(t, "localhost:8080/a", c.Args[1], "the command itself is as it was")
}

// TestShell runs a README.
func TestShell(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, readme) {
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 2)
	require.Equal(t, 4, s.Requests)
	require.Equal(t, 200, s.Post(t, "localhost:8001/x"))
	for _, p := range s.Processes {
		p.Stop(t)
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	echo := filepath.Join(programtest.Build(t, "./testdata/echo"), "echo")
	require.Equal(t,
		programtest.Result{Code: 2, Stdout: "output\n", Stderr: "usage: echo -listen address word\n"},
		programtest.Run(t, echo))

	p := programtest.Launch(t, echo, "-listen", "127.0.0.1:0", "word")
	name, addr := p.Listening(t)
	require.Equal(t, "listening", name)
	programtest.Command{Args: []string{"curl", addr + "/path"}, Answer: "word GET /path"}.Curl(t)
	p.Signal(t, syscall.SIGKILL)
	require.Equal(t, -1, p.Wait(t), "a process that a signal ended has no code")
}
