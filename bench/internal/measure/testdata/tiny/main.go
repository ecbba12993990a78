// Tiny is a measurement of next to nothing, for the test of relinking.
package main

import (
	"os"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

func main() {
	os.Exit(measure.Program{
		Name:   "tiny",
		Stdout: os.Stdout, Stderr: os.Stderr,
		Cases: func() ([]measure.Case, error) {
			return []measure.Case{{Group: "g", Kind: "k", Run: spin}}, nil
		},
	}.Main(os.Args[1:]))
}

var sink int

func spin(n int) error {
	for i := range n {
		sink += i
	}
	return nil
}
