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
		Sections: everything(o.Results), Claims: claims(o.Results),
		Head: reportHead, Body: body(o.Results),
		Plot: chart(o),
	}, nil
}

func everything(results []measure.Result) []measure.Section {
	var all []measure.Section
	for _, work := range workloads() {
		all = append(all, measure.Section{Title: workTitle(work), Table: workTable(results, work)})
	}
	return all
}

func workTitle(work string) string {
	if work == workReal {
		return "real: each layer counts the call, compares with a limit, looks at the error"
	}
	return "pass: each layer just calls the next"
}

// workTable returns everything that was measured with one workload.
func workTable(results []measure.Result, work string) *measure.Table {
	t := &measure.Table{Header: []string{"kind", "bytes", "depth", "ns/op", "allocs", "B/op", "× by hand", "× go-kit"}}
	for _, bytes := range sizes() {
		for _, depth := range depths() {
			name := group(work, bytes, depth)
			hand, kit := measure.Find(results, name, kindHand), measure.Find(results, name, kindKit)
			if len(t.Rows) > 0 {
				t.Add()
			}
			for _, kind := range kinds() {
				r := measure.Find(results, name, kind)
				if r == nil {
					continue
				}
				t.Add(kind, strconv.Itoa(bytes), strconv.Itoa(depth),
					fmt.Sprintf("%.1f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes),
					measure.Versus(r, hand), measure.Versus(r, kit))
			}
		}
	}
	return t
}

// overview returns the times of one depth, a column for each size.
func overview(results []measure.Result, work string, depth int) *measure.Table {
	t := &measure.Table{Header: []string{"ns/op (allocs)"}}
	for _, bytes := range sizes() {
		t.Header = append(t.Header, fmt.Sprintf("%d bytes", bytes))
	}
	for _, kind := range kinds() {
		row := []string{kind}
		for _, bytes := range sizes() {
			if r := measure.Find(results, group(work, bytes, depth), kind); r != nil {
				row = append(row, fmt.Sprintf("%.1f (%.0f)", r.Median(), r.Allocs))
			}
		}
		if len(row) == len(t.Header) {
			t.Add(row...)
		}
	}
	return t
}

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	at := func(work string, bytes int, kind string) *measure.Result {
		return measure.Find(results, group(work, bytes, inlinedDepth), kind)
	}
	var (
		pass16  = at(workPass, 16, kindChain)
		real16  = at(workReal, 16, kindChain)
		pass256 = at(workPass, 256, kindChain)
		real256 = at(workReal, 256, kindChain)
	)
	return []measure.Claim{
		measure.AtMost("A1", "Chain, 16 bytes, 10 layers, pass, against the same by hand",
			measure.Compare(pass16, at(workPass, 16, kindHand)), 1.15),
		measure.AtMost("A1", "the same against go-kit",
			measure.Compare(pass16, at(workPass, 16, kindKit)), 0.65),
		measure.NoAllocs("A1", "the same", pass16),
		measure.AtMost("A2", "Chain, 16 bytes, 10 layers, real, against the same work inlined by hand",
			measure.Compare(real16, at(workReal, 16, kindInlined)), 1.30),
		measure.AtMost("A3", "Chain, 256 bytes, 10 layers, pass, against go-kit",
			measure.Compare(pass256, at(workPass, 256, kindKit)), 0.40),
		measure.AtMost("A3", "Chain, 256 bytes, 10 layers, real, against go-kit",
			measure.Compare(real256, at(workReal, 256, kindKit)), 0.65),
		measure.NoAllocs("A3", "both", worse(pass256, real256)),
	}
}

// worse returns the one of two results that allocates more.
func worse(a, b *measure.Result) *measure.Result {
	if b.Allocs > a.Allocs {
		return b
	}
	return a
}

// body returns the report below the targets.
func body(results []measure.Result) string {
	var b strings.Builder
	b.WriteString("\n## Ten layers\n\n![Time of a call by depth, for each size](chain.svg)\n")
	for _, work := range workloads() {
		fmt.Fprintf(&b, "\n%s\n\n%s", workTitle(work), overview(results, work, inlinedDepth).Markdown())
	}
	b.WriteString("\n## Everything\n")
	for _, s := range everything(results) {
		fmt.Fprintf(&b, "\n%s\n\n%s", s.Title, s.Table.Markdown())
	}
	return b.String()
}
