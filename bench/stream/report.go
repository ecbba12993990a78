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
	chartFile  = "stream.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report prints the results, and writes them into files if it was a full run.
func report(out io.Writer, o measure.Outcome) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nRatios are medians of the rounds' ratios, with 95 %% confidence intervals; of fewer\nthan six rounds, with the smallest and the largest.\n%s\n\n", table(o.Results).Text(), o.Machine)
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

// rate is how many items a second a time for each is.
func rate(ns float64) string { return fmt.Sprintf("%.0f", 1e9/ns) }

func micros(ns float64) string { return fmt.Sprintf("%.2f", ns/1000) }

// table returns all that was measured.
func table(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"what", "kind", "items/s", "µs/item", "allocs/item", "B/item", "items/s × by hand"}, Words: 2}
	for _, group := range groups() {
		hand := measure.Find(results, group, kindHand)
		for _, kind := range kinds() {
			r := measure.Find(results, group, kind)
			if r == nil {
				continue
			}
			ratio := "1"
			if r != hand {
				ratio = throughput(results, group).String()
			}
			t.Add(group, kind, rate(r.Median()), micros(r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), ratio)
		}
	}
	return t
}

// throughput returns the items in a second of httpx in units of those by hand.
func throughput(results []measure.Result, group string) measure.Ratio {
	ours, hand := measure.Find(results, group, kindTyped), measure.Find(results, group, kindHand)
	if ours == nil || hand == nil {
		ours, hand = &measure.Result{}, &measure.Result{}
	}
	return measure.Compare(hand, ours)
}

// The targets.
const (
	leastRate = 0.9
	ownAllocs = 2 // allocations of an item beyond those by hand
)

// claims compares the results with the project's targets.
func claims(results []measure.Result) []measure.Claim {
	var all []measure.Claim
	for _, group := range groups() {
		all = append(all, measure.AtLeast("S1", group+": items a second against by hand", throughput(results, group), leastRate))
	}
	for _, group := range groups() {
		if group != eventsCPU && group != linesCPU { // they are those of both ends
			all = append(all, fewAllocs(results, group))
		}
	}
	return all
}

func fewAllocs(results []measure.Result, group string) measure.Claim {
	c := measure.Claim{Name: "S2", Text: group + ": allocations of an item beyond those by hand", Target: fmt.Sprintf("≤ %d", ownAllocs), Measured: "–"}
	ours, hand := measure.Find(results, group, kindTyped), measure.Find(results, group, kindHand)
	if ours != nil && hand != nil {
		c.Measured = fmt.Sprintf("%.0f − %.0f = %.0f", ours.Allocs, hand.Allocs, ours.Allocs-hand.Allocs)
		c.Holds = ours.Allocs-hand.Allocs <= ownAllocs
	}
	return c
}

// markdown returns the report. It has no date: the same program on the same
// machine writes the same words around other numbers.
func markdown(o measure.Outcome) []byte {
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n## Targets\n\n%s", measure.Claims(claims(o.Results)).Markdown())
	fmt.Fprintf(&b, "\n## Everything\n\n![Time of an item by kind, for each end](%s)\n\n%s", chartFile, table(o.Results).Markdown())
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./stream%s\n```\n", o.Machine, o.Options.Rounds, flags(o.Options))
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
