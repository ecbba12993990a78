package main

import (
	"fmt"
	"math"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// chart returns the plot: a row for each workload, a panel for each size.
func chart(o measure.Outcome) *measure.Chart {
	c := &measure.Chart{
		Title:    "What a chain of layers costs a call",
		Subtitle: "median ns per call, by the number of layers; no transport, no codec",
		XLabel:   "layers",
		YLabel:   "ns per call (log)",
		Series: []measure.Series{
			{Name: kindHTTP, Color: "#8a8378"},
			{Name: kindConnect, Color: "#8e5bb5"},
			{Name: kindGRPC, Color: "#d98a00"},
			{Name: kindKit, Color: measure.ColorPeer},
			{Name: kindStack, Color: "#1f9e89", Strong: true},
			{Name: kindChain, Color: measure.ColorOurs, Strong: true},
			{Name: kindHand, Color: measure.ColorHand, Dashed: true},
		},
		Note: "Numbers at the right are those of ten layers. " + o.Machine + ".",
	}
	for _, depth := range depths() {
		c.X = append(c.X, float64(depth))
	}
	for _, work := range workloads() {
		row := measure.Row{Title: workTitle(work)}
		for _, bytes := range sizes() {
			row.Panels = append(row.Panels, panel(o.Results, work, bytes))
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

func panel(results []measure.Result, work string, bytes int) measure.Panel {
	p := measure.Panel{Title: fmt.Sprintf("%d bytes", bytes), Y: make(map[string][]float64)}
	for _, kind := range kinds() {
		for _, depth := range depths() {
			v := math.NaN()
			if r := measure.Find(results, group(work, bytes, depth), kind); r != nil {
				v = r.Median()
			}
			p.Y[kind] = append(p.Y[kind], v)
		}
	}
	return p
}
