package main

import (
	"fmt"
	"math"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// chart returns the plot: a panel for one core and one for two, lines by the
// number of instances, each ten times the one before.
func chart(o measure.Outcome) *measure.Chart {
	c := &measure.Chart{
		Title:    "What it costs to pick an instance",
		Subtitle: "median ns for a pick and its end, by the number of instances",
		XLabel:   "instances, power of ten",
		YLabel:   "ns for each pick (log)",
		Series: []measure.Series{
			{Name: kindGRPCLeast, Color: "#d98a00"},
			{Name: kindGRPC, Color: "#8a8378"},
			{Name: kindKitRandom, Color: "#8e5bb5"},
			{Name: kindKit, Color: "#c8334a"},
			{Name: kindWeighted, Color: "#24211c", Dashed: true},
			{Name: kindRoundRobin, Color: "#24211c"},
			{Name: kindRandom, Color: "#5aa2ff"},
			{Name: kindPeakEWMA, Color: "#1f9e89", Strong: true},
			{Name: kindLeastRequest, Color: "#1f63d6", Strong: true},
		},
		Note: o.Machine + ".",
	}
	for _, n := range sizes() {
		c.X = append(c.X, math.Round(math.Log10(float64(n))))
	}
	row := measure.Row{}
	for _, cores := range coreCounts() {
		p := measure.Panel{Title: fmt.Sprintf("on %d of the cores", cores), Y: make(map[string][]float64)}
		for _, series := range c.Series {
			for _, n := range sizes() {
				if r := measure.Find(o.Results, group(n, cores), series.Name); r != nil {
					p.Y[series.Name] = append(p.Y[series.Name], r.Median())
				}
			}
		}
		row.Panels = append(row.Panels, p)
	}
	c.Rows = append(c.Rows, row)
	return c
}
