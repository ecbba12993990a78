package main

import (
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what traces, metrics and logs cost a call that is served, apart from any
transport: the parts of package observe in one layer, beside the same by hand,
wrappers around wrappers as most programs have them, go-kit's, otelhttp and otelgrpc.`

func main() {
	measure.Main(measure.Program{
		Name: "observe", About: about,
		Cases:  cases,
		Report: report,
	})
}

// cases returns what is measured. Each subject has shown before that it answers
// right.
func cases() ([]measure.Case, error) {
	var all []measure.Case
	for _, s := range subjects() {
		if err := s.run(1); err != nil {
			return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", s.group, s.kind, err)
		}
		all = append(all, measure.Case{Group: s.group, Kind: s.kind, Run: s.run})
	}
	return all, nil
}
