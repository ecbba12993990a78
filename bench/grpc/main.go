package main

import (
	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a typed endpoint over gRPC costs: a unary call and the messages of
streams, at the server, at the client and at both ends, over a socket, beside
generated code on grpc-go and beside go-kit and connect-go.`

func main() {
	var all *fleet
	measure.Main(measure.Program{
		Name: "grpc", About: about,
		Cases: func() (cases []measure.Case, err error) {
			if all, err = start(); err != nil {
				return nil, err
			}
			return all.cases()
		},
		End:    func() error { return all.stop() },
		Report: report,
	})
}
