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
	chartFile  = "http.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// reportMisses is what it says of targets that can be missed.
//
//go:embed reportmisses.md
var reportMisses string

// report prints the results, and writes them into files if it was a full run.
func report(out io.Writer, o measure.Outcome) error {
	var b strings.Builder
	for _, s := range sections(o.Results) {
		fmt.Fprintf(&b, "%s\n\n%s\n", s.title, s.table.Text())
	}
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
	text, err := markdown(o)
	if err != nil {
		return err
	}
	if err := o.Options.Write(chartFile, chart(o).SVG()); err != nil {
		return err
	}
	if err := o.Options.Write(reportFile, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nwrote %s and %s\n", reportFile, chartFile)
	return err
}

// A section is one table of results.
type section struct {
	title string
	table *measure.Table
}

func sections(results []measure.Result) []section {
	var all []section
	for _, s := range shapes() {
		all = append(all, section{s.title, handlerTable(results, s.name)})
	}
	for _, name := range socketShapes() {
		all = append(all, section{name + " over a socket: processor time of the server", socketTable(results, name)})
	}
	return append(all, section{"the client's call", clientTable(results)})
}

func micros(ns float64) string { return fmt.Sprintf("%.2f", ns/1000) }

// versus is the cell for a ratio; that of a case with itself says nothing.
func versus(r, base *measure.Result) string {
	switch {
	case r == nil || base == nil:
		return "–"
	case r == base:
		return "1"
	}
	return measure.Compare(r, base).String()
}

// handlerTable returns what was measured of one shape in process.
func handlerTable(results []measure.Result, shape string) *measure.Table {
	t := &measure.Table{Header: []string{"kind", "µs/op", "allocs", "B/op", "× by hand", "httpx.Mount takes"}}
	ours, hand := measure.Find(results, shape, kindMount), measure.Find(results, shape, kindHand)
	for _, kind := range handlerKinds() {
		if r := measure.Find(results, shape, kind); r != nil {
			t.Add(kind, micros(r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), versus(r, hand), versus(ours, r))
		}
	}
	return t
}

// socketTable returns what was measured of the server's processor time.
func socketTable(results []measure.Result, shape string) *measure.Table {
	t := &measure.Table{Header: []string{"kind", "µs/request", "× by hand, json v1", "httpx.Mount takes"}}
	group := socketGroup(shape)
	ours, v1 := measure.Find(results, group, kindMount), measure.Find(results, group, kindHandV1)
	for _, kind := range served() {
		if r := measure.Find(results, group, kind); r != nil {
			t.Add(kind, micros(r.Median()), versus(r, v1), versus(ours, r))
		}
	}
	return t
}

// clientTable returns what was measured of the client.
func clientTable(results []measure.Result) *measure.Table {
	t := &measure.Table{Header: []string{"what", "kind", "µs/op", "allocs", "B/op", "× by hand"}, Words: 2}
	for _, shape := range clientShapes() {
		for _, way := range clientWays() {
			hand := measure.Find(results, clientGroup(shape, way), kindHand)
			for _, kind := range clientKinds() {
				if r := measure.Find(results, clientGroup(shape, way), kind); r != nil {
					t.Add(clientGroup(shape, way), kind, micros(r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), versus(r, hand))
				}
			}
		}
	}
	return t
}

// claims compares the results with the project's targets, of the same names.
func claims(results []measure.Result) []measure.Claim {
	var all []measure.Claim
	ratio := func(name, text, group, a, b string, limit float64) {
		ra, rb := measure.Find(results, group, a), measure.Find(results, group, b)
		if ra == nil || rb == nil {
			ra, rb = &measure.Result{}, &measure.Result{}
		}
		all = append(all, measure.AtMost(name, text, measure.Compare(ra, rb), limit))
	}
	for _, s := range shapes() {
		limit := map[string]float64{smallPOST: 0.85, listGET: 0.72, textGET: 0.72, largePOST: 1}[s.name]
		ratio("B1", s.name+": httpx.Mount against the same by hand"+ofWhich(results, s.name, kindHand), s.name, kindMount, kindHand, limit)
		if !s.isGET() {
			ratio("B1", s.name+": httpx.Handler against the same by hand, no router", s.name, kindHandler, kindAlone, limit)
		}
		all = append(all, fewAllocs("B1", s.name+": allocations beyond those of the codec alone", results, s.name))
	}
	for _, s := range shapes() {
		limit := map[string]float64{smallPOST: 0.65, listGET: 0.68, textGET: 0.68, largePOST: 0.90}[s.name]
		peer := bestPeer(results, s.name)
		ratio("B2", s.name+": httpx.Mount against the best peer, "+peer+ofWhich(results, s.name, peer), s.name, kindMount, peer, limit)
	}
	for _, name := range socketShapes() {
		limit := map[string]float64{smallPOST: 0.92, largePOST: 0.72}[name]
		ratio("B4", name+" over a socket: CPU against by hand, json v1", socketGroup(name), kindMount, kindHandV1, limit)
		ratio("B4", "the same without BodyTimeout", socketGroup(name), kindNoTimeout, kindHandV1, limit)
	}
	for _, way := range clientWays() {
		for _, shape := range clientShapes() {
			ratio("B5", shape+": "+way+", against by hand", clientGroup(shape, way), kindClient, kindHand, 1)
		}
	}
	return all
}

// bestPeer returns the library that comes closest to httpx.Mount.
func bestPeer(results []measure.Result, shape string) string {
	best, most := "none", -1.0
	ours := measure.Find(results, shape, kindMount)
	for _, kind := range peers() {
		r := measure.Find(results, shape, kind)
		if ours == nil || r == nil {
			continue
		}
		if ratio := measure.Compare(ours, r).Median; ratio > most {
			best, most = kind, ratio
		}
	}
	return best
}

// ofWhich says how much of a kind's time the codec alone would take: with
// encoding/json/v2, nothing can be below it.
func ofWhich(results []measure.Result, shape, kind string) string {
	floor, r := measure.Find(results, shape, kindPayload), measure.Find(results, shape, kind)
	if floor == nil || r == nil {
		return ""
	}
	return fmt.Sprintf(" (the codec alone: %.2f)", measure.Compare(floor, r).Median)
}

// ownAllocs is how many allocations a handler may make beside those of its
// messages: the Call, and two.
const ownAllocs = 3

func fewAllocs(name, text string, results []measure.Result, shape string) measure.Claim {
	c := measure.Claim{Name: name, Text: text, Target: fmt.Sprintf("≤ %d", ownAllocs), Measured: "–"}
	ours, floor := measure.Find(results, shape, kindMount), measure.Find(results, shape, kindPayload)
	if ours != nil && floor != nil {
		c.Measured = fmt.Sprintf("%.0f − %.0f = %.0f", ours.Allocs, floor.Allocs, ours.Allocs-floor.Allocs)
		c.Holds = ours.Allocs-floor.Allocs <= ownAllocs
	}
	return c
}

// markdown returns the report. It has no date: the same program on the same
// machine writes the same words around other numbers.
func markdown(o measure.Outcome) ([]byte, error) {
	refusals, err := probed()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n## What each refuses\n\nStatuses, asked of the very handlers that are measured; 200 means that it was taken.\n\n%s", refusals.Markdown())
	fmt.Fprintf(&b, "\n## Targets\n\n%s", measure.Claims(claims(o.Results)).Markdown())
	b.WriteString("\n" + reportMisses)
	fmt.Fprintf(&b, "\n## Everything\n\n![Time of a request by kind, for each shape](%s)\n", chartFile)
	for _, s := range sections(o.Results) {
		fmt.Fprintf(&b, "\n### %s%s\n\n%s", strings.ToUpper(s.title[:1]), s.title[1:], s.table.Markdown())
	}
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./http%s\n```\n", o.Machine, o.Options.Rounds, flags(o.Options))
	return []byte(b.String()), nil
}

// flags returns the flags that make a run like this one, but for where it writes.
func flags(opts measure.Options) string {
	s := fmt.Sprintf(" -rounds %d", opts.Rounds)
	if opts.Fixed {
		s += " -fixed"
	}
	return s
}
