package addsvc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/linecount"
)

// TestLinesOfCode counts what the README of the project shows: the service, a
// server and a client on both transports, without the maps to messages.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	n := 0
	for file, name := range map[string]string{"addsvc.go": "service", "cmd/addsvc/main.go": "server", "example_test.go": "client"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		region := regexp.MustCompile(`(?s)// snippet: ` + name + `\n(.*?)// end snippet`).FindSubmatch(source)
		require.NotNil(t, region, "no snippet %q in %s", name, file)
		lines := linecount.Code(region[1])
		t.Logf("%s of %s: %d lines of code", name, file, lines)
		n += lines
	}
	t.Logf("%d lines of code", n)
	require.Less(t, n, 40)

	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(readme), fmt.Sprintf("%d lines of code", n)), "README.md names another number than %d", n) //nolint:testifylint // it would print all of it
}

// TestLinesOfGlue counts what a method costs on each transport: all methods that describe the
// service, and the maps to messages of gRPC and Thrift, without package clauses and imports.
func TestLinesOfGlue(t *testing.T) {
	t.Parallel()
	const methods, transports = 2, 6
	source, err := os.ReadFile("addsvc.go")
	require.NoError(t, err)
	n, descriptions := 0, 0
	for _, method := range regexp.MustCompile(`(?ms)^func \(s \*Add\) \w+\(.*?^}\n`).FindAllSubmatch(source, -1) {
		n += linecount.Code(method[0])
		descriptions++
	}
	require.Equal(t, transports+1, descriptions, "one for each transport, and Describe")
	for _, file := range []string{"maps.go", "thriftmaps.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		body, err := linecount.Body(source)
		require.NoError(t, err)
		n += linecount.Code(body)
	}
	t.Logf("%d lines of glue", n)
	require.LessOrEqual(t, n, 8*methods*transports)
}

// TestLinesOfMain counts the program without its guards, its telemetry, its users, and
// the transports that are not served by default: every line of main.go with code
// on it, the package clause and the imports included.
func TestLinesOfMain(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("cmd/addsvc/main.go")
	require.NoError(t, err)
	n := linecount.Code(source)
	t.Logf("main.go: %d lines of code", n)
	require.LessOrEqual(t, n, 60)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), fmt.Sprintf("the %d lines of code in `main.go`", n))
	files, err := filepath.Glob("cmd/addsvc/*.go")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	require.Equal(t, []string{"cmd/addsvc/guards.go", "cmd/addsvc/main.go", "cmd/addsvc/telemetry.go", "cmd/addsvc/transports.go", "cmd/addsvc/users.go"}, files)
}
