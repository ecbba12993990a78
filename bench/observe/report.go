package main

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Files that a full run writes.
const (
	reportFile = "report.md"
	chartFile  = "observe.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report prints the results, and writes them into files if it was a full run.
func report(out io.Writer, o measure.Outcome) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", everything(o.Results).Text())
	fmt.Fprintf(&b, "Ratios are medians of the rounds' ratios, with 95 %% confidence intervals; of fewer\nthan six rounds, with the smallest and the largest.\n%s\n\n", o.Machine)
	b.WriteString(measure.Claims(claims(o.Results)).Text())
	if o.Options.Smoke {
		b.WriteString("\nThis was a smoke run: its numbers mean little.\n")
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if o.Options.Smoke {
		return nil
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

// everything returns all results. The kinds of a group are compared with ours.
func everything(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"what", "kind", "ns/op", "allocs", "B/op", "observe takes"}, Words: 2}
	add := func(group string, kinds []string) {
		if len(t.Rows) > 0 {
			t.Add()
		}
		for _, kind := range kinds {
			if r := measure.Find(results, group, kind); r != nil {
				t.Add(group, kind, fmt.Sprintf("%.1f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes),
					versus(measure.Find(results, group, kindOurs), r))
			}
		}
	}
	for _, g := range groups() {
		add(g, kinds())
	}
	return t
}

// versus is the cell for a ratio; that of a case with itself says nothing.
func versus(r, base *measure.Result) string {
	switch r {
	case nil:
		return "–"
	case base:
		return "1"
	}
	return measure.Compare(r, base).String()
}

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	ours := func(group string) *measure.Result { return measure.Find(results, group, kindOurs) }
	ratio := func(name, text, group, base string, limit float64) measure.Claim {
		return measure.AtMost(name, text, measure.Compare(ours(group), measure.Find(results, group, base)), limit)
	}
	return []measure.Claim{
		ratio("F1", "everything on, sampled out, against a wrapper for each", groupOut, kindNaive, 0.62),
		atMostAllocs("F1", "the same", ours(groupOut), 3),
		ratio("F1", "everything on, unsampled remote parent, against a wrapper for each", groupParent, kindNaive, 0.15),
		ratio("F1", "the same against otelhttp", groupParent, kindHTTP, 0.10),
		measure.NoAllocs("F1", "the same", ours(groupParent)),
		ratio("F2", "metrics alone against two clock readings", groupMetrics, kindClock, 1.60),
		measure.NoAllocs("F2", "the same", ours(groupMetrics)),
		ratio("F2", "metrics alone against the same by hand, instruments resolved", groupMetrics, kindHand, 1.15),
	}
}

func atMostAllocs(name, text string, r *measure.Result, limit float64) measure.Claim {
	return measure.Claim{
		Name: name, Text: text,
		Target: fmt.Sprintf("≤ %.0f allocs", limit), Measured: fmt.Sprintf("%.0f allocs", r.Allocs), Holds: r.Allocs <= limit,
	}
}

// markdown returns the report. It has no date: the same program on the same
// machine writes the same words around other numbers.
func markdown(o measure.Outcome) []byte {
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n## Targets\n\n%s", measure.Claims(claims(o.Results)).Markdown())
	fmt.Fprintf(&b, "\n## Everything\n\n![Time of a call by telemetry and library](%s)\n\n%s", chartFile, everything(o.Results).Markdown())
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./observe%s\n```\n", o.Machine, o.Options.Rounds, flags(o.Options))
	return []byte(b.String())
}

// flags returns the flags that make a run like this one, but for where it writes.
func flags(opts measure.Options) string {
	s := fmt.Sprintf(" -rounds %d", opts.Rounds)
	if opts.Fixed {
		s += " -fixed"
	}
	return s
}

// chart returns the plot: a panel for each group.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What telemetry costs a call",
		Subtitle: "median ns per call (and its allocations); blue: package observe, grey: nothing, black: by hand, red: other libraries and wrappers",
		Note:     o.Machine + ".",
	}
	var panels []measure.BarPanel
	for _, g := range groups() {
		panels = append(panels, panel(o.Results, g, kinds()))
	}
	c.Rows = slices.Collect(slices.Chunk(panels, 2))
	return c
}

func panel(results []measure.Result, group string, kinds []string) measure.BarPanel {
	p := measure.BarPanel{Title: group}
	for _, kind := range kinds {
		if r := measure.Find(results, group, kind); r != nil {
			color := colorOf(kind)
			p.Bars = append(p.Bars, measure.Bar{
				Name: kind, Text: fmt.Sprintf("%.0f ns (%.0f)", r.Median(), r.Allocs),
				Value: r.Median(), Color: color, Strong: color == colorOurs,
			})
		}
	}
	return p
}

// Colours by what a kind is.
const (
	colorOurs = "#1f63d6"
	colorHand = "#24211c"
	colorNone = "#a8a196"
	colorPeer = "#c8334a"
)

func colorOf(kind string) string {
	switch kind {
	case kindNone:
		return colorNone
	case kindOurs, kindOtelx:
		return colorOurs
	case kindClock, kindHand, kindSDK:
		return colorHand
	}
	return colorPeer
}
