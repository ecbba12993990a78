package main

import (
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

const readme = "../../README.md"

// TestReadme runs the commands of the README: it builds the program, starts
// three instances and the proxy, and makes the requests.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, readme, "Run it") {
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 4)
	require.Equal(t, 4, s.Requests)

	// The lines of go-kit's article.
	for _, c := range []programtest.Command{
		programtest.OfKit(`curl -XPOST -d'{"s":"hello, world"}' localhost:8080/uppercase`, `{"v":"HELLO, WORLD"}`),
		programtest.OfKit(`curl -XPOST -d'{"s":"hello, world"}' localhost:8080/count`, `{"v":12}`),
		programtest.OfKit(`curl -d'{"s":"foo"}' localhost:8080/uppercase`, `{"v":"FOO"}`),
	} {
		s.Run(t, c)
	}

	// What the README says of instances that stop.
	for _, p := range s.Processes[:3] {
		require.Equal(t, 200, s.Post(t, "localhost:8080/uppercase"))
		p.Stop(t)
	}
	require.Equal(t, 503, s.Post(t, "localhost:8080/uppercase"))
	require.Equal(t, 200, s.Post(t, "localhost:8080/count"))
	s.Processes[3].Stop(t)
}

// TestReadmeRegistry runs the commands with etcd.
func TestReadmeRegistry(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	s.Other = func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"etcd"}, c.Args)
		return "localhost:2379", registrytest.Etcd(t).Addr
	}
	build := programtest.Commands(t, readme, "Run it")[:2]
	for _, c := range slices.Concat(build, programtest.Commands(t, readme, "With a registry")) {
		if c.Args[0] == "curl" {
			s.Processes[2].Await(t, "kind=joined ")
			s.Processes[2].Await(t, "kind=joined ")
		}
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 3)
	require.Equal(t, 1, s.Requests)

	// What the README says of an instance that stops.
	s.Processes[0].Signal(t, syscall.SIGTERM)
	s.Processes[2].Await(t, "kind=left ")
	require.Equal(t, 200, s.Post(t, "localhost:8080/uppercase"))
	require.Equal(t, 0, s.Processes[0].Wait(t))
	s.Processes[1].Stop(t)
	s.Processes[2].Stop(t)
}
