package programtest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/promtest"
)

func TestProcess(t *testing.T) {
	t.Parallel()
	echo := filepath.Join(programtest.Build(t, "./testdata/echo"), "echo")
	require.Equal(t,
		programtest.Result{Code: 2, Stdout: "output\n", Stderr: "usage: echo -listen address [-debug.addr address] word\n"},
		programtest.Run(t, echo))

	p := programtest.Launch(t, echo, "-listen", "127.0.0.1:0", "word")
	name, addr := p.Listening(t)
	require.Equal(t, "HTTP", name)
	programtest.Command{Args: []string{"curl", addr + "/path"}, Answer: "word GET /path"}.Curl(t)
	p.Signal(t, syscall.SIGKILL)
	require.Equal(t, -1, p.Wait(t), "a process that a signal ended has no code")
}

func TestSkipLog(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, filepath.Join(programtest.Build(t, "./testdata/echo"), "echo"), "-listen", "127.0.0.1:0", "word")
	promtest.Eventually(t, func() error {
		if !strings.Contains(p.Log(), "kind=running") {
			return errors.New("it does not run")
		}
		return nil
	})
	p.SkipLog()
	p.Stop(t)
	require.Contains(t, p.Await(t, "kind="), "kind=signal")
}
