package main

import (
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a chain of layers costs a call, apart from any transport: 0, 1, 5
and 10 layers around a function whose request and response have 16, 64 or 256
bytes, put together with endpoint.Chain, endpoint.Stack, by hand, and with go-kit,
grpc-go, connect-go and net/http. The layers do nothing ("pass"), or the same little
work in every library ("real").`

func main() {
	measure.Main(measure.Program{
		Name: "chain", About: about,
		Cases:  cases,
		Report: report,
	})
}

// cases returns what is measured. Each variant has shown before that it answers
// right and through all its layers.
func cases() ([]measure.Case, error) {
	var all []measure.Case
	for _, m := range makers() {
		variants, err := m.variants()
		if err != nil {
			return nil, err
		}
		for _, v := range variants {
			name := group(v.work, v.bytes, v.depth)
			if err := v.check(m); err != nil {
				return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", name, v.kind, err)
			}
			all = append(all, measure.Case{Group: name, Kind: v.kind, Run: v.run})
		}
	}
	return all, nil
}
