package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestReadme runs the commands of the README, those that wait included.
func TestReadme(t *testing.T) {
	t.Parallel()
	s, waits := programtest.NewShell(t), 0
	for _, c := range programtest.Commands(t, "../../README.md", "Run it") {
		if c.Args[0] == "sleep" {
			waits++
			require.Equal(t, 0, programtest.Run(t, programtest.Find(t, "sleep"), c.Args[1:]...).Code)
			continue
		}
		s.Run(t, c)
	}
	require.Equal(t, 5, s.Requests)
	require.Equal(t, 2, waits)
	s.Processes[0].Stop(t)
}

// TestPlatform compares what starts the program on a platform with what there is: the
// Procfile is in the README, and the container file builds this package.
func TestPlatform(t *testing.T) {
	t.Parallel()
	procfile, err := os.ReadFile("../../Procfile")
	require.NoError(t, err)
	require.Equal(t, "web: bin/counter\n", string(procfile))
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```\n"+string(procfile)+"```\n")

	container, err := os.ReadFile("../../Containerfile")
	require.NoError(t, err)
	build := ""
	for line := range strings.Lines(string(container)) {
		if rest, ok := strings.CutPrefix(line, "RUN go build -o /counter "); ok {
			build = strings.TrimSpace(rest)
		}
	}
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(here, filepath.FromSlash(strings.TrimPrefix(build, "."))), "it builds %q", build)
	require.NotEmpty(t, build)
}
