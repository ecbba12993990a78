package programtest_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, program) }

// program prints its arguments and has no flag.
func program() {
	flag.Parse()
	fmt.Println(flag.Args())
	fmt.Fprintln(os.Stderr, "log")
	if flag.NArg() == 2 {
		os.Exit(3)
	}
}

func TestSelf(t *testing.T) {
	t.Parallel()
	self := programtest.Self(t)
	require.Equal(t, programtest.Result{Stdout: "[a]\n", Stderr: "log\n"}, programtest.Run(t, self, "a"))
	require.Equal(t, programtest.Result{Code: 3, Stdout: "[a b]\n", Stderr: "log\n"}, programtest.Run(t, self, "a", "b"))
	require.Equal(t,
		programtest.Result{Code: 2, Stderr: "flag provided but not defined: -test.v\nUsage of programtest:\n"},
		programtest.Run(t, self, "-test.v"), "it has the flags of the program only")
}
