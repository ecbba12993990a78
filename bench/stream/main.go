package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what an item of a stream over HTTP costs: a response stream as
server-sent events and a request stream as JSON lines, with httpx and by hand, at the
server, at the client, and over a loopback socket with both ends in one process.`

func main() {
	var s *sockets
	p := measure.Program{
		Name: "stream", About: about, Dir: sourceDir(),
		Stdout: os.Stdout, Stderr: os.Stderr,
		Cases: func() (all []measure.Case, err error) {
			if s, err = listen(); err != nil {
				return nil, fmt.Errorf("starting the servers: %w", err)
			}
			return cases(s)
		},
		End:    func() error { return s.close() },
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
