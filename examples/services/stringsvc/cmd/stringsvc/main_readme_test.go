package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestReadme runs the commands of the README: it builds the program, starts
// three instances and the proxy, and makes the requests.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, "../../README.md") {
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
