package main

import (
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what the policies of package resilience cost a call that succeeds, apart
from any transport: limiters, breakers, bulkheads, time-outs, retries and more, one by
one and together, beside the permit calls of the libraries below them, failsafe-go's
Executor, gobreaker and go-kit's wrappers.`

func main() {
	measure.Main(measure.Program{
		Name: "resilience", About: about,
		Cases:  cases,
		Report: report,
	})
}

// cases returns what is measured. Each subject has shown before that it answers
// right.
func cases() ([]measure.Case, error) {
	ctx, err := served()
	if err != nil {
		return nil, err
	}
	var all []measure.Case
	for _, s := range subjects() {
		if err := s.check(ctx); err != nil {
			return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", s.group, s.kind, err)
		}
		all = append(all, measure.Case{Group: s.group, Kind: s.kind, Run: func(n int) error { return s.run(ctx, n) }})
	}
	return all, nil
}
