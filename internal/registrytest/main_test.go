package registrytest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/internal/leak"
)

// toyEnv makes the test binary the server of a toy. Its value is the address, a space, and
// the folder of the data.
const toyEnv = "REGISTRYTEST_TOY"

func TestMain(m *testing.M) {
	if toy := os.Getenv(toyEnv); toy != "" {
		addr, dir, _ := strings.Cut(toy, " ")
		fmt.Fprintln(os.Stderr, serveToy(addr, dir))
		os.Exit(1)
	}
	os.Exit(leak.Run(m))
}
