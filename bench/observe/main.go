package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what traces, metrics and logs cost a call that is served, apart from any
transport: the parts of package observe in one layer, beside the same by hand,
wrappers around wrappers as most programs have them, go-kit's, otelhttp and otelgrpc.`

func main() {
	p := measure.Program{
		Name: "observe", About: about, Dir: sourceDir(),
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
		if err := s.run(1); err != nil {
			return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", s.group, s.kind, err)
		}
		all = append(all, measure.Case{Group: s.group, Kind: s.kind, Run: s.run})
	}
	return all, nil
}
