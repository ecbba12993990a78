package programtest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// programKey names the environment variable with which Run and Launch start a process.
const programKey = "ENDPOINT_EXAMPLE_PROGRAM"

// Main is for TestMain of a package main: it runs the tests, or main in a process that
// was started from [Self]. So a test runs the real program, with the flags of the test
// binary removed.
func Main(m *testing.M, main func()) {
	if os.Getenv(programKey) == "" {
		os.Exit(m.Run())
	}
	os.Args[0] = strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	flag.CommandLine = flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	flag.CommandLine.Usage = func() { flag.Usage() } // which main may set
	main()
	os.Exit(0)
}

// Self returns the program whose package is tested, for Run and Launch. Its TestMain must
// call [Main].
func Self(t *testing.T) string {
	t.Helper()
	require.Empty(t, os.Getenv(programKey), "TestMain does not call programtest.Main")
	file, err := os.Executable()
	require.NoError(t, err)
	return file
}

// environ is the environment of the processes that are started.
func environ() []string { return append(os.Environ(), programKey+"=1") }
