package main

import (
	"fmt"
	"slices"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// The colours of the kinds.
const (
	colorTyped = "#1f63d6"
	colorHand  = "#24211c"
)

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What an item of a stream over HTTP costs",
		Subtitle: "median µs for an item (and its allocations); blue: httpx, black: careful code by hand",
		Note:     o.Machine + ".",
	}
	var panels []measure.BarPanel
	for _, group := range groups() {
		p := measure.BarPanel{Title: group}
		for _, kind := range kinds() {
			if r := measure.Find(o.Results, group, kind); r != nil {
				p.Bars = append(p.Bars, bar(r, kind))
			}
		}
		panels = append(panels, p)
	}
	c.Rows = slices.Collect(slices.Chunk(panels, 2))
	return c
}

func bar(r *measure.Result, kind string) measure.Bar {
	b := measure.Bar{Name: kind, Text: fmt.Sprintf("%s µs (%.0f)", micros(r.Median()), r.Allocs), Value: r.Median(), Color: colorHand}
	if kind == kindTyped {
		b.Color, b.Strong = colorTyped, true
	}
	return b
}
