package dashboards_test

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the files of this folder")

// golden compares with a file of this folder.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644)) //nolint:gosec // users read it
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "write it anew with -update")
}

// promtool runs it, and skips the test where it is missing, but not where
// ENDPOINT_CI is set.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err != nil && os.Getenv("ENDPOINT_CI") != "":
		t.Fatalf("%v (it is in Debian's package prometheus)", err)
	case err != nil:
		t.Skipf("%v (it is in Debian's package prometheus)", err)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "promtool %s: %s", args, out)
}
