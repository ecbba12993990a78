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
	s := measure.Section{Title: "Everything", Table: table(o.Results)}
	r.Sections = []measure.Section{s}
	var body strings.Builder
	fmt.Fprintf(&body, "\n## %s\n\n![Processor time of a call, by transport](transports.svg)\n\n%s", s.Title, s.Table.Markdown())
	r.Body = body.String()
	return r, nil
}

func table(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"transport", "at", "kind", "µs/op", "allocs", "B/op", "× library"}, Words: 3}
	for _, transport := range transports() {
		for _, end := range ends() {
			raw := measure.Find(results, group(transport, end), kindRaw)
			for _, kind := range []string{kindRaw, kindOurs} {
				if r := measure.Find(results, group(transport, end), kind); r != nil {
					t.Add(transport, end, kind, measure.Micros(r), fmt.Sprintf("%.1f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), measure.Versus(r, raw))
				}
			}
		}
	}
	return t
}

// most is how many times the time of the library a call may take.
const most = 1.10

// claims compares the results with the project's target.
func claims(results []measure.Result) []measure.Claim {
	var all []measure.Claim
	for _, transport := range transports() {
		for _, end := range []string{atServer, atClient} {
			kit, raw := measure.Find(results, group(transport, end), kindOurs), measure.Find(results, group(transport, end), kindRaw)
			all = append(all, measure.AtMost("J2", transport+", endpoints at the "+end+", against the library", measure.Compare(kit, raw), most))
		}
	}
	return all
}

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a typed endpoint costs over other transports",
		Subtitle: "median µs of processor time, of both ends together, for a call; blue: endpoints, black: the library of the transport",
		Note:     o.Machine + ".",
	}
	color := func(kind string) string {
		if kind == kindOurs {
			return measure.ColorOurs
		}
		return measure.ColorHand
	}
	style := measure.BarStyle{Color: color, Text: measure.MicrosAllocs}
	for _, transport := range transports() {
		for _, end := range []string{atServer, atClient} {
			c.Panels = append(c.Panels, style.Panel(o.Results, group(transport, end), transport+", "+end, []string{kindRaw, kindOurs}))
		}
	}
	return c
}
