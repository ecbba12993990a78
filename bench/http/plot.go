package main

import (
	"fmt"
	"slices"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Colours by what a kind is.
const (
	colorOurs = "#1f63d6"
	colorHand = "#24211c"
	colorBare = "#a8a196"
	colorPeer = "#c8334a"
)

func colorOf(kind string) string {
	switch kind {
	case kindMount, kindHandler, kindNoTimeout, kindClient:
		return colorOurs
	case kindHand, kindAlone, kindHandV1, kindChi:
		return colorHand
	case kindBare, kindBareV1, kindPayload:
		return colorBare
	}
	return colorPeer
}

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a typed endpoint over HTTP costs",
		Subtitle: "median µs of processor time for a request (and its allocations); blue: httpx, black: careful code by hand, grey: less than that, red: other libraries",
		Note:     o.Machine + ".",
	}
	var panels []measure.BarPanel
	for _, s := range shapes() {
		panels = append(panels, barsOf(o.Results, s.name, s.title, handlerKinds(), true))
	}
	for _, name := range socketShapes() {
		panels = append(panels, barsOf(o.Results, socketGroup(name), name+" over a socket: what the server takes", served(), false))
	}
	panels = append(panels, clientBars(o.Results))
	c.Rows = slices.Collect(slices.Chunk(panels, 2))
	return c
}

func barsOf(results []measure.Result, group, title string, kinds []string, allocs bool) measure.BarPanel {
	p := measure.BarPanel{Title: title}
	for _, kind := range kinds {
		if r := measure.Find(results, group, kind); r != nil {
			p.Bars = append(p.Bars, bar(r, kind, kind, allocs))
		}
	}
	return p
}

// clientBars has the calls in memory, of all shapes.
func clientBars(results []measure.Result) measure.BarPanel {
	p := measure.BarPanel{Title: "the client's call, with answers from memory"}
	for _, shape := range clientShapes() {
		for _, kind := range clientKinds() {
			if r := measure.Find(results, clientGroup(shape, inMemory), kind); r != nil {
				p.Bars = append(p.Bars, bar(r, shape+", "+shortKind(kind), kind, true))
			}
		}
	}
	return p
}

func shortKind(kind string) string {
	if kind == kindClient {
		return "httpx"
	}
	return kind
}

func bar(r *measure.Result, name, kind string, allocs bool) measure.Bar {
	text := micros(r.Median()) + " µs"
	if allocs {
		text += fmt.Sprintf(" (%.0f)", r.Allocs)
	}
	color := colorOf(kind)
	return measure.Bar{Name: name, Text: text, Value: r.Median(), Color: color, Strong: color == colorOurs}
}
