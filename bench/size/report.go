package main

import (
	_ "embed"
	"fmt"
	"math"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// kindOf returns what the tables call a variant.
func kindOf(variant string) string {
	switch variant {
	case variantHTTP:
		return "httpx"
	case variantGRPC:
		return "grpcx, plain types"
	case variantStream:
		return "httpx, response stream"
	case variantChain:
		return "Chain of three policies"
	case variantByHand:
		return "by hand"
	case variantConnect:
		return "connect-go v2"
	case variantHuma:
		return "huma, server only"
	}
	return variant
}

// report returns what is said of the outcome.
func (m *measured) report(o measure.Outcome) (measure.Report, error) {
	sections := []measure.Section{{Table: m.costTable()}}
	body := "\n## Everything\n\n![Bytes and compiler's time of one more endpoint](size.svg)\n\n" + m.costTable().Markdown()
	if m.mount != nil {
		sections = append(sections, measure.Section{Table: m.mountTable()})
		body += "\n" + m.mountTable().Markdown()
	}
	return measure.Report{Sections: sections, Claims: m.claims(), Head: reportHead, Body: body, Plot: m.plot(o.Machine)}, nil
}

// text returns what is printed of a part of the subjects.
func (m *measured) text() string {
	text := ""
	if len(m.costs) > 0 {
		text += m.costTable().Text() + "\n"
	}
	if m.mount != nil {
		text += m.mountTable().Text() + "\n"
	}
	if claims := m.claims(); len(claims) > 0 {
		text += measure.Claims(claims).Text()
	}
	return text + m.listings
}

// costTable is what one more endpoint costs.
func (m *measured) costTable() *measure.Table {
	t := &measure.Table{Header: []string{"one more endpoint", "KB of the binary", "× by hand", "ms of the compiler", "× by hand"}}
	for _, c := range m.costs {
		bytes, cpu := "–", "–"
		if hand := m.of(variantByHand); hand != nil {
			bytes, cpu = times(c.bytes, hand.bytes), times(measure.Median(c.cpu), measure.Median(hand.cpu))
		}
		t.Add(kindOf(c.variant), fmt.Sprintf("%.2f", c.bytes/1000), bytes, ranged(c.cpu), cpu)
	}
	return t
}

// mountTable is what mounting routes takes.
func (m *measured) mountTable() *measure.Table {
	t := &measure.Table{Header: []string{"Mount", "ms", "KB of memory for a route", "with what is kept of its types"}}
	t.Add(fmt.Sprintf("%d routes", m.routes), ranged(m.mount.ms), ranged(scaled(m.mount.bytes, 1e-3)), ranged(scaled(m.mount.first, 1e-3)))
	return t
}

// ranged returns the median of values with the interval around it, which one value
// does not have.
func ranged(values []float64) string {
	text := fmt.Sprintf("%.2f", measure.Median(values))
	if len(values) > 1 {
		low, high := measure.Interval(values)
		text += fmt.Sprintf(" (%.2f–%.2f)", low, high)
	}
	return text
}

// times returns value in units of base. In a smoke run, base may be too small to be
// told from nothing.
func times(value, base float64) string {
	if base <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", value/base)
}

func scaled(values []float64, factor float64) []float64 {
	all := make([]float64, len(values))
	for i, v := range values {
		all[i] = v * factor
	}
	return all
}

// claims compares what was measured with the project's targets, of the same names.
func (m *measured) claims() []measure.Claim {
	var all []measure.Claim
	each := func(name, variant, text string, kb, ms float64) {
		if c := m.of(variant); c != nil {
			all = append(all,
				atMost(name, text+": stripped binary", []float64{c.bytes / 1000}, kb, "KB"),
				atMost(name, text+": compiler", c.cpu, ms, "ms"))
		}
	}
	each("H1", variantHTTP, "one more endpoint over HTTP, server and client, with a limiter and a retry", 5, 10)
	each("H2", variantGRPC, "the same over gRPC, with plain types", 8, 15)
	each("H2", variantStream, "the same over HTTP, with a response stream", 40, 80)
	each("H2", variantChain, "a Chain of a limiter, a retry and a timeout, without a transport", 18, 25)
	if m.mount != nil {
		all = append(all,
			atMost("H3", fmt.Sprintf("Mount of %d routes", m.routes), m.mount.ms, 30, "ms"),
			atMost("H3", "memory of a mounted route", scaled(m.mount.bytes, 1e-3), 4, "KB"))
	}
	return all
}

// atMost claims that the median of values is no larger than limit.
func atMost(name, text string, values []float64, limit float64, unit string) measure.Claim {
	return measure.Claim{
		Name: name, Text: text,
		Target:   fmt.Sprintf("≤ %g %s", limit, unit),
		Measured: ranged(values) + " " + unit,
		Holds:    measure.Median(values) <= limit,
	}
}

// plot draws the costs.
func (m *measured) plot(machine string) *measure.Bars {
	c := &measure.Bars{
		Title:    "What one more endpoint costs at build time",
		Subtitle: "blue: this library, black: net/http and json/v2 by hand, red: other libraries",
		Note:     machine + ".",
		Panels:   []measure.BarPanel{{Title: "KB of the stripped binary"}, {Title: "ms of the compiler's processor time"}},
	}
	for _, v := range m.costs {
		bar := measure.Bar{Name: kindOf(v.variant), Color: colorOf(v.variant), Strong: colorOf(v.variant) == measure.ColorOurs}
		for i, value := range []float64{v.bytes / 1000, measure.Median(v.cpu)} {
			bar.Value, bar.Text = math.Max(value, 0), fmt.Sprintf("%.1f", value)
			c.Panels[i].Bars = append(c.Panels[i].Bars, bar)
		}
	}
	return c
}

func colorOf(variant string) string {
	switch variant {
	case variantByHand:
		return measure.ColorHand
	case variantConnect, variantHuma:
		return measure.ColorPeer
	}
	return measure.ColorOurs
}
