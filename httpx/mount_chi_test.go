package httpx_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnChi runs the tests that are about no router again, on chi.
func TestOnChi(t *testing.T) {
	t.Parallel()
	if usual == "chi" || testing.Short() {
		t.Skip("it is the one that runs the others; run without -short")
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.short", "-test.run=^Test")
	again.Env = append(os.Environ(), "HTTPX_TEST_ROUTER=chi")
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
