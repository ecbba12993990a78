package main

import (
	_ "embed"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report returns what is said of an outcome.
func report(o measure.Outcome) (measure.Report, error) {
	all := measure.GroupTable(o.Results, compared(), kindOurs, "observe takes")
	return measure.Report{
		Sections: []measure.Section{{Table: all}}, Claims: claims(o.Results),
		Head: reportHead, Body: "\n## Everything\n\n![Time of a call by telemetry and library](observe.svg)\n\n" + all.Markdown(),
		Plot: chart(o),
	}, nil
}

// compared returns all groups with their kinds, in the order of the table.
func compared() []measure.Group {
	var all []measure.Group
	for _, g := range groups() {
		all = append(all, measure.Group{Name: g, Kinds: kinds()})
	}
	return all
}

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	ours := func(group string) *measure.Result { return measure.Find(results, group, kindOurs) }
	ratio := func(name, text, group, base string, limit float64) measure.Claim {
		return measure.AtMost(name, text, measure.Compare(ours(group), measure.Find(results, group, base)), limit)
	}
	return []measure.Claim{
		ratio("F1", "everything on, sampled out, against a wrapper for each", groupOut, kindNaive, 0.62),
		measure.AtMostAllocs("F1", "the same", ours(groupOut), 3),
		ratio("F1", "everything on, unsampled remote parent, against a wrapper for each", groupParent, kindNaive, 0.15),
		ratio("F1", "the same against otelhttp", groupParent, kindHTTP, 0.10),
		measure.NoAllocs("F1", "the same", ours(groupParent)),
		ratio("F2", "metrics alone against two clock readings", groupMetrics, kindClock, 1.60),
		measure.NoAllocs("F2", "the same", ours(groupMetrics)),
		ratio("F2", "metrics alone against the same by hand, instruments resolved", groupMetrics, kindHand, 1.15),
	}
}

// chart returns the plot: a panel for each group.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What telemetry costs a call",
		Subtitle: "median ns per call (and its allocations); blue: package observe, grey: nothing, black: by hand, red: other libraries and wrappers",
		Note:     o.Machine + ".",
	}
	style := measure.BarStyle{Color: colorOf, Text: measure.NanosAllocs}
	for _, g := range compared() {
		c.Panels = append(c.Panels, style.Panel(o.Results, g.Name, g.Name, g.Kinds))
	}
	return c
}

func colorOf(kind string) string {
	switch kind {
	case kindNone:
		return measure.ColorBare
	case kindOurs, kindOtelx:
		return measure.ColorOurs
	case kindClock, kindHand, kindSDK:
		return measure.ColorHand
	}
	return measure.ColorPeer
}
