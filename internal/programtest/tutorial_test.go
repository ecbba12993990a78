package programtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestFollow builds the program of a document in an empty folder, runs it, and stops it.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := programtest.Follow(t, "testdata/tutorial.md", "../../go.mod", func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"other", "-port", "8003"}, c.Args)
		return "localhost:8003", "127.0.0.1:1"
	})
	require.Len(t, s.Processes, 3)
	require.Equal(t, 2, s.Requests)
	require.Equal(t, 0, s.Processes[0].Wait(t))
	require.Equal(t, 0, s.Processes[1].Wait(t))
	require.Equal(t, 2, programtest.Run(t, s.Program("hello")).Code, "a panic: it has no arguments")
	s.Processes[2].Stop(t)
}
