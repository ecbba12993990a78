package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report returns what is said of an outcome.
func report(o measure.Outcome) (measure.Report, error) {
	return measure.Report{
		Sections: []measure.Section{{Table: pickTable(o.Results)}, {Table: changeTable(o.Results)}}, Claims: claims(o.Results),
		Head: reportHead, Body: body(o.Results),
		Plot: chart(o),
	}, nil
}

// pickTable returns what picks cost.
func pickTable(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"balancer", "instances", "cores", "ns/pick", "allocs", "× " + kindKit, "× " + kindGRPCLeast}}
	for _, n := range sizes() {
		for _, cores := range coreCounts() {
			if len(t.Rows) > 0 {
				t.Add()
			}
			name := group(n, cores)
			kit, least := measure.Find(results, name, kindKit), measure.Find(results, name, kindGRPCLeast)
			for _, kind := range append(kinds(), kindClock) {
				r := measure.Find(results, name, kind)
				if r == nil {
					continue
				}
				t.Add(kind, strconv.Itoa(n), strconv.Itoa(cores),
					fmt.Sprintf("%.1f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), measure.Versus(r, kit), measure.Versus(r, least))
			}
		}
	}
	return t
}

// changeTable returns what changes cost.
func changeTable(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"", "what", "ns", "allocs", "× go-kit"}, Words: 2}
	for _, name := range changeGroups() {
		kit := measure.Find(results, name, kindKit)
		for _, kind := range []string{kindLeastRequest, kindKit} {
			r := measure.Find(results, name, kind)
			t.Add(name, kind, fmt.Sprintf("%.0f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), measure.Versus(r, kit))
		}
	}
	return t
}

// overview returns the times by the number of instances.
func overview(results []measure.Result, cores int) *measure.Table {
	t := &measure.Table{Header: []string{"ns for each pick (allocs)"}}
	for _, n := range sizes() {
		t.Header = append(t.Header, fmt.Sprintf("%d instances", n))
	}
	for _, kind := range kinds() {
		row := []string{kind}
		for _, n := range sizes() {
			if r := measure.Find(results, group(n, cores), kind); r != nil {
				row = append(row, fmt.Sprintf("%.1f (%.0f)", r.Median(), r.Allocs))
			}
		}
		if len(row) == len(t.Header) {
			t.Add(row...)
		}
	}
	return t
}

func changeGroups() []string { return []string{groupChange, groupRead, groupBeside} }

// The limits of the project's targets, in nanoseconds.
const (
	limitPick  = 30
	limitPeak  = 60
	limitClock = 150
	limitFlat  = 2
)

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	at := func(n, cores int, kind string) *measure.Result { return measure.Find(results, group(n, cores), kind) }
	least := func(cores int) *measure.Result { return at(10_000, cores, kindLeastRequest) }
	unclocked := func(n int) float64 { return at(n, 1, kindPeakEWMA).Median() - at(n, 1, kindClock).Median() }
	change := func(group string) measure.Ratio {
		return measure.Compare(measure.Find(results, group, kindLeastRequest), measure.Find(results, group, kindKit))
	}
	worst := at(10, 1, kindLeastRequest)
	for _, n := range sizes() {
		for _, kind := range ours() {
			if r := at(n, 1, kind); r.Allocs > worst.Allocs {
				worst = r
			}
		}
	}
	return []measure.Claim{
		within("LeastRequest, 10 instances, without a clock reading", at(10, 1, kindLeastRequest).Median(), limitPick),
		within("LeastRequest, 10,000 instances, without a clock reading", least(1).Median(), limitPick),
		within("PeakEWMA, 10 instances, less two clock readings", unclocked(10), limitPeak),
		within("PeakEWMA, 10,000 instances, less two clock readings", unclocked(10_000), limitPeak),
		within("PeakEWMA, 10 instances, with two clock readings", at(10, 1, kindPeakEWMA).Median(), limitClock),
		within("PeakEWMA, 10,000 instances, with two clock readings", at(10_000, 1, kindPeakEWMA).Median(), limitClock),
		measure.NoAllocs("E1", "the worst of the balancers", worst),
		measure.AtMost("E1", "LeastRequest, 1000 instances against 10", measure.Compare(at(1000, 1, kindLeastRequest), at(10, 1, kindLeastRequest)), limitFlat),
		measure.AtMost("E1", "LeastRequest, 10,000 instances, against go-kit's round robin, one core", measure.Compare(least(1), at(10_000, 1, kindKit)), 0.60),
		measure.AtMost("E1", "the same of two choices and two counts by hand, the least that a balancer can do that counts", measure.Compare(at(10_000, 1, kindByHand), at(10_000, 1, kindKit)), 0.60),
		measure.AtMost("E1", "LeastRequest, 10,000 instances, against go-kit's round robin, two cores", measure.Compare(least(2), at(10_000, 2, kindKit)), 0.50),
		measure.AtMost("E1", "what both do: LeastRequest's pick alone, 1000 instances, against go-kit's, one core", measure.Compare(at(1000, 1, kindLeastOnly), at(1000, 1, kindKit)), 0.60),
		measure.AtMost("E1", "the same, two cores", measure.Compare(at(1000, 2, kindLeastOnly), at(1000, 2, kindKit)), 0.50),
		measure.AtMost("E1", "LeastRequest, 10,000 instances, against grpc-go's least_request, one core", measure.Compare(least(1), at(10_000, 1, kindGRPCLeast)), 0.20),
		measure.AtMost("E2", "Random, the pick alone, 10,000 instances, two cores against one", measure.Compare(at(10_000, 2, kindRandomOnly), at(10_000, 1, kindRandomOnly)), 0.60),
		measure.AtMost("E3", "one of 10,000 changes, against go-kit", change(groupChange), 0.05),
		measure.AtMost("E3", "the same, all addresses read anew", change(groupRead), 0.05),
	}
}

// within claims that what took so many nanoseconds takes at most limit.
func within(text string, ns, limit float64) measure.Claim {
	return measure.Claim{
		Name: "E1", Text: text,
		Target:   fmt.Sprintf("≤ %.0f ns", limit),
		Measured: fmt.Sprintf("%.1f ns", ns),
		Holds:    ns <= limit,
	}
}

// body returns the report below the targets.
func body(results []measure.Result) string {
	var b strings.Builder
	b.WriteString("\n## Picks\n\n![Time of a pick by the number of instances](pick.svg)\n")
	for _, cores := range coreCounts() {
		fmt.Fprintf(&b, "\nOn %d of the cores:\n\n%s", cores, overview(results, cores).Markdown())
	}
	fmt.Fprintf(&b, "\n## Changes\n\n%s", changeTable(results).Markdown())
	fmt.Fprintf(&b, "\n## Everything\n\n%s", pickTable(results).Markdown())
	return b.String()
}
