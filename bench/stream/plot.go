package main

import "github.com/typedkit/endpoint/bench/internal/measure"

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What an item of a stream over HTTP costs",
		Subtitle: "median µs for an item (and its allocations); blue: httpx, black: careful code by hand",
		Note:     o.Machine + ".",
	}
	style := measure.BarStyle{Color: colorOf, Text: measure.MicrosAllocs}
	for _, group := range groups() {
		c.Panels = append(c.Panels, style.Panel(o.Results, group, group, kinds()))
	}
	return c
}

func colorOf(kind string) string {
	if kind == kindTyped {
		return measure.ColorOurs
	}
	return measure.ColorHand
}
