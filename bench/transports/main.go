package main

import (
	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a typed endpoint costs over JSON-RPC, net/rpc, Thrift and NATS, at the
server, at the client and at both ends, over sockets, beside the library of each.`

func main() {
	all := new(fleet)
	measure.Main(measure.Program{
		Name: "transports", About: about,
		Cases:  func() ([]measure.Case, error) { return all.cases() },
		End:    func() error { return all.stop() },
		Report: report,
	})
}
