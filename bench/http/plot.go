package main

import "github.com/typedkit/endpoint/bench/internal/measure"

func colorOf(kind string) string {
	switch kind {
	case kindMount, kindHandler, kindNoTimeout, kindClient:
		return measure.ColorOurs
	case kindHand, kindAlone, kindHandV1, kindChi:
		return measure.ColorHand
	case kindBare, kindBareV1, kindPayload:
		return measure.ColorBare
	}
	return measure.ColorPeer
}

// chart returns the plot.
func chart(o measure.Outcome) *measure.Bars {
	c := &measure.Bars{
		Title:    "What a typed endpoint over HTTP costs",
		Subtitle: "median µs of processor time for a request (and its allocations); blue: httpx, black: careful code by hand, grey: less than that, red: other libraries",
		Note:     o.Machine + ".",
	}
	time := measure.BarStyle{Color: colorOf, Text: measure.MicrosAllocs}
	for _, s := range shapes() {
		c.Panels = append(c.Panels, time.Panel(o.Results, s.name, s.title, handlerKinds()))
	}
	server := measure.BarStyle{Color: colorOf, Text: func(r *measure.Result) string { return measure.Micros(r) + " µs" }}
	for _, name := range socketShapes() {
		c.Panels = append(c.Panels, server.Panel(o.Results, socketGroup(name), name+" over a socket: what the server takes", served()))
	}
	c.Panels = append(c.Panels, clientBars(o.Results, time))
	return c
}

// clientBars has the calls in memory, of all shapes.
func clientBars(results []measure.Result, style measure.BarStyle) measure.BarPanel {
	p := measure.BarPanel{Title: "the client's call, with answers from memory"}
	for _, shape := range clientShapes() {
		for _, kind := range clientKinds() {
			if r := measure.Find(results, clientGroup(shape, inMemory), kind); r != nil {
				p.Bars = append(p.Bars, style.Bar(shape+", "+shortKind(kind), r))
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
