package main

import (
	_ "embed"
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report returns what is said of an outcome.
func report(o measure.Outcome) (measure.Report, error) {
	all := table(o.Results)
	return measure.Report{
		Sections: []measure.Section{{Table: all}}, Claims: claims(o.Results),
		Head: reportHead, Body: "\n## Everything\n\n![Time of an item by kind, for each end](stream.svg)\n\n" + all.Markdown(),
		Plot: chart(o),
	}, nil
}

// rate is how many items a second a time for each is.
func rate(ns float64) string { return fmt.Sprintf("%.0f", 1e9/ns) }

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
			t.Add(group, kind, rate(r.Median()), measure.Micros(r), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), measure.Versus(hand, r))
		}
	}
	return t
}

// throughput returns the items in a second of httpx in units of those by hand.
func throughput(results []measure.Result, group string) measure.Ratio {
	return measure.Compare(measure.Find(results, group, kindHand), measure.Find(results, group, kindTyped))
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
			all = append(all, measure.AllocsBeyond("S2", group+": allocations of an item beyond those by hand",
				measure.Find(results, group, kindTyped), measure.Find(results, group, kindHand), ownAllocs))
		}
	}
	return all
}
