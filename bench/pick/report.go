package main

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Files that a full run writes.
const (
	reportFile = "report.md"
	chartFile  = "pick.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// report prints the results, and writes them into files if it was a full run.
func report(out io.Writer, o measure.Outcome) error {
	results, opts := o.Results, o.Options
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", pickTable(results).Text(), changeTable(results).Text())
	fmt.Fprintf(&b, "Ratios are medians of the rounds' ratios, with 95 %% confidence intervals; of fewer\nthan six rounds, with the smallest and the largest.\n%s\n\n", o.Machine)
	b.WriteString(measure.Claims(claims(results)).Text())
	if opts.Smoke {
		b.WriteString("\nThis was a smoke run: its numbers mean little.\n")
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if opts.Smoke {
		return nil
	}
	if err := opts.Write(chartFile, chart(o).SVG()); err != nil {
		return err
	}
	if err := opts.Write(reportFile, markdown(o)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nwrote %s and %s\n", reportFile, chartFile)
	return err
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
					fmt.Sprintf("%.1f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), versus(r, kit), versus(r, least))
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
			t.Add(name, kind, fmt.Sprintf("%.0f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), versus(r, kit))
		}
	}
	return t
}

// versus is the cell for a ratio; that of a case with itself says nothing.
func versus(r, base *measure.Result) string {
	if r == base {
		return "1"
	}
	return measure.Compare(r, base).String()
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
		measure.AtMost("E1", "the same, two cores", measure.Compare(least(2), at(10_000, 2, kindKit)), 0.50),
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

// markdown returns the report. It has no date: the same program on the same
// machine writes the same words around other numbers.
func markdown(o measure.Outcome) []byte {
	results := o.Results
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n## Targets\n\n%s", measure.Claims(claims(results)).Markdown())
	fmt.Fprintf(&b, "\n## Picks\n\n![Time of a pick by the number of instances](%s)\n", chartFile)
	for _, cores := range coreCounts() {
		fmt.Fprintf(&b, "\nOn %d of the cores:\n\n%s", cores, overview(results, cores).Markdown())
	}
	fmt.Fprintf(&b, "\n## Changes\n\n%s", changeTable(results).Markdown())
	fmt.Fprintf(&b, "\n## Everything\n\n%s", pickTable(results).Markdown())
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./pick%s\n```\n", o.Machine, o.Options.Rounds, flags(o.Options))
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
