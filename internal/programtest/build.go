package programtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Find returns the file of a tool that a test cannot do without. Where there is
// none the test is skipped, but fails where ENDPOINT_CI is set.
func Find(t *testing.T, tool string) string {
	t.Helper()
	file, err := exec.LookPath(tool)
	switch {
	case err == nil:
	case os.Getenv("ENDPOINT_CI") != "":
		t.Fatalf("%s is missing: %v", tool, err)
	default:
		t.Skipf("%s is missing: %v", tool, err)
	}
	return file
}

// Build builds programs, which are given as the go command takes them, and returns
// their folder.
func Build(t *testing.T, packages ...string) string {
	t.Helper()
	bin := t.TempDir()
	finish(t, goBuild(t, bin, packages...))
	return bin
}

// goBuild returns the command that builds programs into the folder bin.
func goBuild(t *testing.T, bin string, packages ...string) *exec.Cmd {
	t.Helper()
	// Stamping asks git, which may not trust the owner of the checkout.
	args := append([]string{"build", "-buildvcs=false", "-o", bin + string(filepath.Separator)}, packages...)
	return exec.CommandContext(t.Context(), Find(t, "go"), args...)
}

func finish(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%q: %s", cmd.Args, out)
}
