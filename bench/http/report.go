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

// reportMisses is what it says of targets that can be missed.
//
//go:embed reportmisses.md
var reportMisses string

// report returns what is said of an outcome.
func report(o measure.Outcome) (measure.Report, error) {
	refusals, err := probed()
	if err != nil {
		return measure.Report{}, err
	}
	return measure.Report{
		Sections: sections(o.Results), Claims: claims(o.Results),
		Head: head(refusals), Body: body(o.Results),
		Plot: chart(o),
	}, nil
}

func sections(results []measure.Result) []measure.Section {
	var all []measure.Section
	for _, s := range shapes() {
		all = append(all, measure.Section{Title: s.title, Table: handlerTable(results, s.name)})
	}
	for _, name := range socketShapes() {
		all = append(all, measure.Section{Title: name + " over a socket: processor time of the server", Table: socketTable(results, name)})
	}
	return append(all, measure.Section{Title: "the client's call", Table: clientTable(results)})
}

// handlerTable returns what was measured of one shape in process.
func handlerTable(results []measure.Result, shape string) *measure.Table {
	t := &measure.Table{Header: []string{"kind", "µs/op", "allocs", "B/op", "× by hand", "httpx.Mount takes"}}
	ours, hand := measure.Find(results, shape, kindMount), measure.Find(results, shape, kindHand)
	for _, kind := range handlerKinds() {
		if r := measure.Find(results, shape, kind); r != nil {
			t.Add(kind, measure.Micros(r), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), measure.Versus(r, hand), measure.Versus(ours, r))
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
			t.Add(kind, measure.Micros(r), measure.Versus(r, v1), measure.Versus(ours, r))
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
					t.Add(clientGroup(shape, way), kind, measure.Micros(r), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), measure.Versus(r, hand))
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
		all = append(all, measure.AtMost(name, text, measure.Compare(measure.Find(results, group, a), measure.Find(results, group, b)), limit))
	}
	for _, s := range shapes() {
		limit := map[string]float64{smallPOST: 0.85, listGET: 0.72, textGET: 0.72, largePOST: 1}[s.name]
		ratio("B1", s.name+": httpx.Mount against the same by hand"+ofWhich(results, s.name, kindHand), s.name, kindMount, kindHand, limit)
		if !s.isGET() {
			ratio("B1", s.name+": httpx.Handler against the same by hand, no router", s.name, kindHandler, kindAlone, limit)
		}
		all = append(all, measure.AllocsBeyond("B1", s.name+": allocations beyond those of the codec alone",
			measure.Find(results, s.name, kindMount), measure.Find(results, s.name, kindPayload), ownAllocs))
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

// head returns the report above the targets.
func head(refusals *measure.Table) string {
	return fmt.Sprintf("%s\n## What each refuses\n\nStatuses, asked of the very handlers that are measured; 200 means that it was taken.\n\n%s", reportHead, refusals.Markdown())
}

// body returns the report below the targets.
func body(results []measure.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n## Everything\n\n![Time of a request by kind, for each shape](http.svg)\n", reportMisses)
	for _, s := range sections(results) {
		fmt.Fprintf(&b, "\n### %s%s\n\n%s", strings.ToUpper(s.Title[:1]), s.Title[1:], s.Table.Markdown())
	}
	return b.String()
}
