package programtest

import (
	"os"
	"os/exec"
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
	build(t, bin, packages...)
	return bin
}

func build(t *testing.T, bin string, packages ...string) {
	t.Helper()
	// Stamping asks git, which may not trust the owner of the checkout.
	args := append([]string{"build", "-buildvcs=false", "-o", bin}, packages...)
	out, err := exec.CommandContext(t.Context(), Find(t, "go"), args...).CombinedOutput()
	require.NoError(t, err, "go build: %s", out)
}
