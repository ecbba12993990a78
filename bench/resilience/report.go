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
	all := measure.GroupTable(o.Results, compared(), kindOurs, "resilience takes")
	return measure.Report{
		Sections: []measure.Section{{Table: all}}, Claims: claims(o.Results),
		Head: reportHead, Body: "\n## Everything\n\n![Time of a call by policy and library](resilience.svg)\n\n" + all.Markdown(),
		Plot: chart(o),
	}, nil
}

// compared returns all groups with their kinds, in the order of the table.
func compared() []measure.Group {
	var all []measure.Group
	for _, g := range groups() {
		all = append(all, measure.Group{Name: g, Kinds: kinds()})
	}
	return append(all, measure.Group{Name: groupOthers, Kinds: others()})
}

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	ours := func(group string) *measure.Result { return measure.Find(results, group, kindOurs) }
	ratio := func(name, text, group, base string, limit float64) measure.Claim {
		return measure.AtMost(name, text, measure.Compare(ours(group), measure.Find(results, group, base)), limit)
	}
	all := []measure.Claim{
		ratio("A4", "retry + breaker + timeout against failsafe-go's Executor", groupClient, kindExecutor, 0.35),
		measure.AtMostAllocs("A4", "the same", ours(groupClient), 4),
		ratio("G1", "breaker, failures in a row, against gobreaker", groupBreaker, kindBreaker, 0.30),
		ratio("G1", "the same against failsafe-go's permit calls", groupBreaker, kindPermit, 0.40),
		ratio("G1", "breaker with a ratio of 10 s against gobreaker", groupWindow, kindBreaker, 0.30),
		ratio("G1", "the same against failsafe-go's permit calls", groupWindow, kindPermit, 0.40),
		ratio("G1", "adaptive limit against the permit calls of failsafe-go's, which it is", groupAdaptive, kindPermit, 1.15),
		ratio("G2", "limiter against x/time/rate's Allow, which it is", groupLimiter, kindTime, 1.05),
	}
	for _, g := range []string{groupLimiter, groupBreaker, groupWindow, groupBulkhead, groupStack} {
		all = append(all, measure.NoAllocs("G", g, ours(g)))
	}
	return all
}

// chart returns the plot: a panel for each group.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a policy costs a call that succeeds",
		Subtitle: "median ns per call (and its allocations); blue: package resilience, grey: no policy, black: the permit calls of a library by hand, red: other libraries",
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
	case kindTime, kindSync, kindContext, kindPermit:
		return measure.ColorHand
	case kindExecutor, kindBreaker, kindKit:
		return measure.ColorPeer
	}
	return measure.ColorOurs
}
