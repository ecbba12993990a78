package programtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestShell runs a README.
func TestShell(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	s.Other = func(_ *testing.T, c programtest.Command) (readme, addr string) {
		require.Equal(t, []string{"other", "-port", "8004"}, c.Args)
		return "localhost:8004", "127.0.0.1:1"
	}
	for _, c := range programtest.Commands(t, readme) {
		s.Run(t, c)
	}
	require.Len(t, s.Processes, 3)
	require.Equal(t, 7, s.Requests)
	require.Equal(t, 200, s.Post(t, "localhost:8001/x"))
	require.Equal(t, 405, s.Post(t, "localhost:8003/endpoints"), "the second listener of the second program")
	for _, p := range s.Processes {
		p.Stop(t)
	}
}
