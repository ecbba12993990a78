package main

import (
	"fmt"
	"os"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a typed endpoint over HTTP costs: the handler in process (a small
JSON POST, a GET with parameters and an answer of 1 KB, a POST of 10 KB) beside code
by hand and beside chi, go-kit, huma, fuego, gin, echo and connect-go; the processor
time of a server for a request over a socket; and the client's call.`

func main() {
	if isServer() {
		os.Exit(runServer(os.Stdin, os.Stdout, os.Stderr))
	}
	var server *serverProcess
	measure.Main(measure.Program{
		Name: "http", About: about,
		Cases: func() (cases []measure.Case, err error) {
			if server, err = startServer(); err != nil {
				return nil, fmt.Errorf("starting the server: %w", err)
			}
			return casesWith(server)
		},
		End:    func() error { return server.stop() },
		Report: report,
	})
}

// casesWith returns what is measured, some of it with a server. Each case has shown
// before that it answers right.
func casesWith(server *serverProcess) ([]measure.Case, error) {
	all, err := handlerCases()
	if err != nil {
		return nil, err
	}
	for _, more := range []func(*serverProcess) ([]measure.Case, error){socketCases, clientCases} {
		cases, err := more(server)
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}
