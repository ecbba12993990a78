package main

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a typed endpoint over gRPC costs: a unary call and the messages of
streams, at the server, at the client and at both ends, over a socket, beside
generated code on grpc-go and beside go-kit and connect-go.`

func main() {
	var all *fleet
	p := measure.Program{
		Name: "grpc", About: about, Dir: sourceDir(),
		Stdout: os.Stdout, Stderr: os.Stderr,
		Cases: func() (cases []measure.Case, err error) {
			if all, err = start(); err != nil {
				return nil, err
			}
			return all.cases()
		},
		End:    func() error { return all.stop() },
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
