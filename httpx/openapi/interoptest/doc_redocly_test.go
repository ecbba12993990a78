package interoptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRedocly has redocly find no error in the documents, by its recommended rules.
// ENDPOINT_REDOCLY names its program, as scripts/redocly.sh prints it. Without it the test is
// skipped, but fails where ENDPOINT_CI is set.
func TestRedocly(t *testing.T) {
	t.Parallel()
	program := os.Getenv("ENDPOINT_REDOCLY")
	if program == "" {
		if os.Getenv("ENDPOINT_CI") != "" {
			t.Fatal("ENDPOINT_REDOCLY does not name the program of redocly")
		}
		t.Skip("ENDPOINT_REDOCLY does not name the program of redocly; scripts/redocly.sh installs it and prints where it is")
	}
	dir := t.TempDir()
	// Paths of profilesvc end with a slash, as in go-kit.
	args := []string{program, "lint", "--format=stylish", "--skip-rule=no-path-trailing-slash"}
	for name, d := range documents() {
		for suffix, text := range map[string][]byte{".json": d.JSON(), "-3.2.json": d.JSON32()} {
			file := filepath.Join(dir, name+suffix)
			require.NoError(t, os.WriteFile(file, text, 0o600))
			args = append(args, file)
		}
	}
	out, err := lint(t, args)
	require.NoError(t, err, out)
	broken := filepath.Join(dir, "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"openapi":"3.1.1","info":{"title":"x","version":"1"},"paths":{"/a":{"get":{}}}}`), 0o600))
	out, err = lint(t, []string{program, "lint", broken})
	require.Error(t, err, out)
}

// lint runs the program and returns what it prints.
func lint(t *testing.T, args []string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}
