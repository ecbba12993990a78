package programtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestOutput reads the two outputs of a process line by line, each up to its end.
func TestOutput(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "HTTP on here")
	p.Await(t, "log")
	name, addr := p.Listening(t)
	require.Equal(t, "[HTTP", name)
	require.Equal(t, "here]", addr)
	require.Equal(t, 0, p.Wait(t))
	require.Equal(t, "log\n", p.Log())
}
