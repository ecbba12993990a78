package main

import (
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what an item of a stream over HTTP costs: a response stream as
server-sent events and a request stream as JSON lines, with httpx and by hand, at the
server, at the client, and over a loopback socket with both ends in one process.`

func main() {
	var s *sockets
	measure.Main(measure.Program{
		Name: "stream", About: about,
		Cases: func() (all []measure.Case, err error) {
			if s, err = listen(); err != nil {
				return nil, fmt.Errorf("starting the servers: %w", err)
			}
			return cases(s)
		},
		End:    func() error { return s.close() },
		Report: report,
	})
}
