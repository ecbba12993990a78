package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestReadme runs the commands of the README: it builds the programs, starts the
// instances and the gateway, and makes the requests.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, "../../README.md") {
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
