package main

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Files that a full run writes.
const (
	reportFile = "report.md"
	chartFile  = "grpc.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report prints the results, and writes them into files if it was a full run.
func report(out io.Writer, o measure.Outcome) error {
	var b strings.Builder
	for _, shape := range shapes() {
		fmt.Fprintf(&b, "%s\n\n%s\n", titleOf(shape), table(o.Results, shape).Text())
	}
	fmt.Fprintf(&b, "Ratios are medians of the rounds' ratios, with 95 %% confidence intervals; of fewer\nthan six rounds, with the smallest and the largest.\n%s\n\n", o.Machine)
	b.WriteString(measure.Claims(claims(o.Results)).Text())
	if o.Options.Smoke {
		b.WriteString("\nThis was a smoke run: its numbers mean little.\n")
	}
	if _, err := io.WriteString(out, b.String()); err != nil || o.Options.Smoke {
		return err
	}
	if err := o.Options.Write(chartFile, chart(o).SVG()); err != nil {
		return err
	}
	if err := o.Options.Write(reportFile, markdown(o)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nwrote %s and %s\n", reportFile, chartFile)
	return err
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
				t.Add(end, kind, fmt.Sprintf("%.2f", r.Median()/1000), fmt.Sprintf("%.1f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), versus(r, raw))
			}
		}
	}
	return t
}

// versus is the cell for a ratio; that of a case with itself says nothing.
func versus(r, base *measure.Result) string {
	switch {
	case base == nil:
		return "–"
	case r == base:
		return "1"
	}
	return measure.Compare(r, base).String()
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
	for _, end := range ends() {
		g := group(unaryCall, end)
		all = append(all, atMost("D1", "a unary call, "+kindOurs+" at "+article(end)+", against grpc-go", results, g, mostUnary))
		if end != atBoth {
			all = append(all, fewAllocs(results, g))
		}
	}
	for _, shape := range shapes()[1:] {
		for _, end := range ends() {
			all = append(all, atMost("D1", "time for "+strings.ToLower(titleOf(shape)[:1])+titleOf(shape)[1:]+", "+kindOurs+" at "+article(end)+", against grpc-go", results, group(shape, end), 1/leastRate))
		}
	}
	return all
}

func article(end string) string {
	if end == atBoth {
		return end
	}
	return "the " + end
}

func atMost(name, text string, results []measure.Result, g string, limit float64) measure.Claim {
	ours, raw := measure.Find(results, g, kindOurs), measure.Find(results, g, kindRaw)
	if ours == nil || raw == nil {
		ours, raw = &measure.Result{}, &measure.Result{}
	}
	return measure.AtMost(name, text, measure.Compare(ours, raw), limit)
}

func fewAllocs(results []measure.Result, g string) measure.Claim {
	c := measure.Claim{Name: "D1", Text: "allocations beyond those of grpc-go", Target: fmt.Sprintf("≤ %d", mostAllocs), Measured: "–"}
	ours, raw := measure.Find(results, g, kindOurs), measure.Find(results, g, kindRaw)
	if ours != nil && raw != nil {
		c.Measured = fmt.Sprintf("%.1f − %.1f = %.1f", ours.Allocs, raw.Allocs, ours.Allocs-raw.Allocs)
		c.Holds = ours.Allocs-raw.Allocs < mostAllocs+0.5 // some are of the runtime's own
	}
	return c
}

// markdown returns the report. It has no date: the same program on the same
// machine writes the same words around other numbers.
func markdown(o measure.Outcome) []byte {
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n## Targets\n\n%s", measure.Claims(claims(o.Results)).Markdown())
	fmt.Fprintf(&b, "\n## Everything\n\n![Processor time of a call and of a message, by kind](%s)\n", chartFile)
	for _, shape := range shapes() {
		fmt.Fprintf(&b, "\n### %s\n\n%s", titleOf(shape), table(o.Results, shape).Markdown())
	}
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./grpc -rounds %d", o.Machine, o.Options.Rounds, o.Options.Rounds)
	if o.Options.Fixed {
		b.WriteString(" -fixed")
	}
	b.WriteString("\n```\n")
	return []byte(b.String())
}

// Colours by what a kind is.
const (
	colorOurs = "#1f63d6"
	colorRaw  = "#24211c"
	colorPeer = "#c8334a"
)

func colorOf(kind string) string {
	switch kind {
	case kindOurs, kindMapped, kindJSON:
		return colorOurs
	case kindRaw:
		return colorRaw
	}
	return colorPeer
}

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a typed endpoint over gRPC costs",
		Subtitle: "median µs of processor time, of both ends together, for a call or a message; blue: grpcx, black: generated code on grpc-go, red: other libraries",
		Note:     o.Machine + ".",
	}
	for _, shape := range shapes() {
		var row []measure.BarPanel
		for _, end := range []string{atServer, atClient} {
			p := measure.BarPanel{Title: titleOf(shape) + ", " + end}
			for _, kind := range kinds(shape, end) {
				if r := measure.Find(o.Results, group(shape, end), kind); r != nil {
					p.Bars = append(p.Bars, measure.Bar{
						Name: kind, Text: fmt.Sprintf("%.2f µs (%.0f)", r.Median()/1000, r.Allocs),
						Value: r.Median(), Color: colorOf(kind), Strong: colorOf(kind) == colorOurs,
					})
				}
			}
			row = append(row, p)
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}
