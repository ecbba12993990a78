package profilesvc_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/linecount"
)

// goKit is the glue of the same service on go-kit, by the count that is kindest
// to it. Counted as below, but without the types and the imports, its
// transport.go and endpoints.go have 498 lines; its client over Consul comes on
// top of that.
const goKit = 437

// TestLinesOfCode counts what makes an API of the types and the store, on both
// ends: every line of api.go with code on it, the package clause and the imports
// included.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("api.go")
	require.NoError(t, err)
	n := linecount.Code(source)
	t.Logf("api.go has %d lines of code; go-kit's profilesvc has %d", n, goKit)
	require.LessOrEqual(t, n, goKit/4)
	require.LessOrEqual(t, n, 45)

	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), fmt.Sprintf("the %d lines of code in `api.go`", n))
}
