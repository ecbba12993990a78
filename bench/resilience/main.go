package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what the policies of package resilience cost a call that succeeds, apart
from any transport: limiters, breakers, bulkheads, time-outs, retries and more, one by
one and together, beside the permit calls of the libraries below them, failsafe-go's
Executor, gobreaker and go-kit's wrappers.`

func main() {
	p := measure.Program{
		Name: "resilience", About: about, Dir: sourceDir(),
		Stdout: os.Stdout, Stderr: os.Stderr,
		Cases:  cases,
		Report: func(o measure.Outcome) error { return report(os.Stdout, o) },
	}
	os.Exit(p.Main(os.Args[1:]))
}

// sourceDir returns the folder of this file, or "" in a program that was built
// without such paths.
func sourceDir() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return ""
	}
	return filepath.Dir(file)
}

// cases returns what is measured. Each subject has shown before that it answers
// right.
func cases() ([]measure.Case, error) {
	var all []measure.Case
	for _, s := range subjects() {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", s.group, s.kind, err)
		}
		all = append(all, measure.Case{Group: s.group, Kind: s.kind, Run: s.run})
	}
	return all, nil
}
