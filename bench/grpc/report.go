package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report returns what is said of an outcome.
func report(o measure.Outcome) (measure.Report, error) {
	r := measure.Report{Claims: claims(o.Results), Head: reportHead, Plot: chart(o)}
	var body strings.Builder
	body.WriteString("\n## Everything\n\n![Processor time of a call and of a message, by kind](grpc.svg)\n")
	for _, shape := range shapes() {
		s := measure.Section{Title: titleOf(shape), Table: table(o.Results, shape)}
		r.Sections = append(r.Sections, s)
		fmt.Fprintf(&body, "\n### %s\n\n%s", s.Title, s.Table.Markdown())
	}
	r.Body = body.String()
	return r, nil
}

func titleOf(shape string) string {
	if shape == unaryCall {
		return "A unary call"
	}
	return "A message of a " + strings.Replace(shape, "bidi", "bidi stream", 1)
}

// table returns what was measured of one shape.
func table(results []measure.Result, shape string) *measure.Table {
	t := &measure.Table{Header: []string{"at", "kind", "µs/op", "allocs", "B/op", "× grpc-go"}, Words: 2}
	for _, end := range ends() {
		raw := measure.Find(results, group(shape, end), kindRaw)
		for _, kind := range kinds(shape, end) {
			if r := measure.Find(results, group(shape, end), kind); r != nil {
				t.Add(end, kind, measure.Micros(r), fmt.Sprintf("%.1f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), measure.Versus(r, raw))
			}
		}
	}
	return t
}

// What the targets allow.
const (
	mostUnary  = 1.05
	mostAllocs = 2
	// leastRate is how many messages in a second, of grpc-go's, a stream has.
	leastRate = 0.95
)

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	var all []measure.Claim
	for _, end := range []string{atServer, atClient} {
		ours, raw := measure.Find(results, group(unaryCall, end), kindOurs), measure.Find(results, group(unaryCall, end), kindRaw)
		all = append(all,
			measure.AtMost("D1", "a unary call, "+kindOurs+" at the "+end+", against grpc-go", measure.Compare(ours, raw), mostUnary),
			measure.AllocsBeyond("D1", "allocations beyond those of grpc-go", ours, raw, mostAllocs))
	}
	for _, shape := range shapes()[1:] {
		for _, end := range []string{atServer, atClient} {
			ours, raw := measure.Find(results, group(shape, end), kindOurs), measure.Find(results, group(shape, end), kindRaw)
			text := "time for " + strings.ToLower(titleOf(shape)[:1]) + titleOf(shape)[1:] + ", " + kindOurs + " at the " + end + ", against grpc-go"
			all = append(all, measure.AtMost("D1", text, measure.Compare(ours, raw), 1/leastRate))
		}
	}
	return all
}

func colorOf(kind string) string {
	switch kind {
	case kindOurs, kindMapped, kindJSON:
		return measure.ColorOurs
	case kindRaw:
		return measure.ColorHand
	}
	return measure.ColorPeer
}

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a typed endpoint over gRPC costs",
		Subtitle: "median µs of processor time, of both ends together, for a call or a message; blue: grpcx, black: generated code on grpc-go, red: other libraries",
		Note:     o.Machine + ".",
	}
	style := measure.BarStyle{Color: colorOf, Text: measure.MicrosAllocs}
	for _, shape := range shapes() {
		for _, end := range []string{atServer, atClient} {
			c.Panels = append(c.Panels, style.Panel(o.Results, group(shape, end), titleOf(shape)+", "+end, kinds(shape, end)))
		}
	}
	return c
}
