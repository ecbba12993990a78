package stringsvc_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/linecount"
)

// TestLinesOfCode counts what makes stringsvc1, without package clauses and imports.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range []string{"service.go", "cmd/stringsvc1/main.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		body, err := linecount.Body(source)
		require.NoError(t, err)
		n += linecount.Code(body)
	}
	t.Logf("stringsvc1 has %d lines of code", n)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), fmt.Sprintf("the %d lines of code", n))
}
