package main

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestProcess runs the program as a process of its own, under load.
func TestProcess(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a port that is free
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())

	bin := filepath.Join(programtest.Build(t, "."), "adminpage")
	p := programtest.Launch(t, bin, "-listen", addr, "-admin", "127.0.0.1:0", "-rate", "100")
	name, at := p.Listening(t)
	require.Equal(t, "HTTP "+addr, name+" "+at)
	name, _ = p.Listening(t)
	require.Equal(t, "admin", name)
	p.Await(t, "endpoint.kind=running")
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.Wait(t))

	for _, args := range [][]string{{"-listen", "nowhere"}, {"-rate", "-1"}, {"argument"}} {
		wrong := programtest.Run(t, bin, args...)
		require.Equal(t, 2, wrong.Code, "%q: %s", args, wrong.Stderr)
		require.NotEmpty(t, wrong.Stderr)
	}
}
