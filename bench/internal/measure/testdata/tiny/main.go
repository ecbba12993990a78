// Tiny is a measurement of next to nothing, for the test of relinking.
package main

import "github.com/typedkit/endpoint/bench/internal/measure"

func main() {
	measure.Main(measure.Program{
		Name: "tiny",
		Cases: func() ([]measure.Case, error) {
			return []measure.Case{{Group: "g", Kind: "k", Run: spin}}, nil
		},
	})
}

var sink int

func spin(n int) error {
	for i := range n {
		sink += i
	}
	return nil
}
