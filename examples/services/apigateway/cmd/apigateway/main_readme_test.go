package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

const readme = "../../README.md"

// TestReadme runs the commands of the README: it builds the programs, starts the
// instances and the gateway, and makes the requests.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, readme, "Run it") {
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 4)
	require.Equal(t, 5, s.Requests)

	// What the README says of instances that stop.
	require.Equal(t, 200, s.Post(t, "localhost:8080/strings/uppercase"))
	s.Processes[0].Stop(t)
	require.Equal(t, 200, s.Post(t, "localhost:8080/strings/uppercase"))
	s.Processes[1].Stop(t)
	require.Equal(t, 503, s.Post(t, "localhost:8080/strings/uppercase"))
	s.Processes[2].Stop(t)
	s.Processes[3].Stop(t)
}

// TestReadmeRegistry runs the commands with Consul.
func TestReadmeRegistry(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	s.Other = func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"consul", "agent", "-dev"}, c.Args)
		return "localhost:8500", registrytest.Consul(t).Addr
	}
	build := programtest.Commands(t, readme, "Run it")[:2]
	for _, c := range slices.Concat(build, programtest.Commands(t, readme, "With a registry")) {
		if c.Args[0] == "curl" && s.Requests == 0 {
			for range 4 {
				s.Processes[4].Await(t, "kind=joined ")
			}
		}
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 5)
	require.Equal(t, 8, s.Requests)
	s.Processes[4].Stop(t)
}
