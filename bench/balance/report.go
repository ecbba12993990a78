package balance

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Files of the results.
const (
	reportFile = "report.md"
	chartFile  = "balance.svg"
)

// reportHead is what the report says of every run.
//
//go:embed reporthead.md
var reportHead string

// loads returns the steps of the load, each 10/9 of the one before, as in the
// paper.
func loads() []float64 { return []float64{0.75, 0.83, 0.93, 1.03, 1.14, 1.27, 1.41, 1.57, 1.74} }

// A metric is what is read from an outcome.
type metric struct {
	name string
	of   func(o *outcome) float64
	// text formats a value.
	text func(v float64) string
}

func metrics() []metric {
	percentile := func(q float64) func(o *outcome) float64 {
		return func(o *outcome) float64 { return float64(quantile(o.took, q)) / float64(time.Millisecond) }
	}
	whole := func(v float64) string { return fmt.Sprintf("%.0f", v) }
	return []metric{
		{"median", percentile(0.5), whole},
		{"90th percentile", percentile(0.9), whole},
		{"99th percentile", percentile(0.99), whole},
		{"99.9th percentile", percentile(0.999), whole},
		{"timed out", expired, func(v float64) string { return fmt.Sprintf("%.2f", v) }},
	}
}

// expired returns how many of a hundred calls timed out.
func expired(o *outcome) float64 { return 100 * float64(o.expired) / float64(max(len(o.took), 1)) }

// A cell is one policy at one load.
type cell struct {
	policy string
	load   float64
}

// A results has for each cell the values of each metric, one for each seed.
type results map[cell][][]float64

// add takes the outcome of a run.
func (r results) add(c cell, o *outcome) {
	all := metrics()
	if r[c] == nil {
		r[c] = make([][]float64, len(all))
	}
	for i, m := range all {
		r[c][i] = append(r[c][i], m.of(o))
	}
}

func (r results) median(c cell, metric int) float64 {
	values := r[c]
	if values == nil {
		return math.NaN()
	}
	return measure.Median(values[metric])
}

// table returns a metric: a row for each policy, a column for each load.
func (r results) table(metric int) *measure.Table {
	t := &measure.Table{Header: []string{"policy"}}
	for _, load := range loads() {
		t.Header = append(t.Header, fmt.Sprintf("%.2f", load))
	}
	text := metrics()[metric].text
	for _, policy := range policies() {
		row := []string{policy}
		for _, load := range loads() {
			values := r[cell{policy, load}][metric]
			row = append(row, fmt.Sprintf("%s (%s–%s)", text(measure.Median(values)), text(slices.Min(values)), text(slices.Max(values))))
		}
		t.Add(row...)
	}
	return t
}

// margin is by how much somebody must be better for a defeat to be one.
const margin = 1.02

// defeats returns where another policy than the default is better in the median
// of the seeds, by more than 2 %. The oracle is left out: nobody can be it.
func (r results) defeats() *measure.Table {
	t := &measure.Table{Header: []string{"load", "what", "better is", "default", "better", "×"}, Words: 3}
	for _, load := range loads() {
		for i, metric := range metrics() {
			own := r.median(cell{byDefault, load}, i)
			for _, policy := range policies() {
				other := r.median(cell{policy, load}, i)
				if policy != byDefault && policy != oracle && own > other*margin && metric.text(own) != metric.text(other) {
					t.Add(fmt.Sprintf("%.2f", load), metric.name, policy, metric.text(own), metric.text(other), times(own, other))
				}
			}
		}
	}
	return t
}

// times is by how much own is larger.
func times(own, other float64) string {
	if other == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", own/other)
}

// markdown returns the report.
func (r results) markdown(seeds int) []byte {
	var b strings.Builder
	b.WriteString(reportHead)
	fmt.Fprintf(&b, "\n![Latency by load](%s)\n", chartFile)
	for i, m := range metrics() {
		unit := "ms"
		if m.name == "timed out" {
			unit = "% of the calls"
		}
		fmt.Fprintf(&b, "\n## %s, %s\n\n%s", strings.ToUpper(m.name[:1])+m.name[1:], unit, r.table(i).Markdown())
	}
	b.WriteString("\n## Where the default loses\n\n")
	if defeats := r.defeats(); len(defeats.Rows) > 0 {
		b.WriteString(defeats.Markdown())
	} else {
		b.WriteString("Nowhere, against any policy but the oracle, by more than 2 %.\n")
	}
	fmt.Fprintf(&b, "\n## How\n\n%d seeds; %v of calls for each cell, after %v that do not count. In `bench`:\n\n```sh\nGOWORK=off go test ./balance -run TestReport -update -timeout 1h\n```\n",
		seeds, full.time, full.warm)
	return []byte(b.String())
}

// chart returns the plot: a panel for each percentile.
func (r results) chart() *measure.Chart {
	c := &measure.Chart{
		Title:    "Latency under load, by how calls are spread",
		Subtitle: "50 replicas whose speed changes, 50 clients; median of the seeds",
		XLabel:   "load, % of what is allocated",
		YLabel:   "ms (log)",
		Series: []measure.Series{
			{Name: "RoundRobin", Color: "#8a8378"},
			{Name: "Random", Color: "#8e5bb5"},
			{Name: "Weighted", Color: "#d98a00"},
			{Name: "LeastRequest", Color: "#5aa2ff"},
			{Name: prequal, Color: "#c8334a"},
			{Name: byDefault, Color: "#1f63d6", Strong: true},
			{Name: oracle, Color: "#24211c", Dashed: true},
		},
		Note: "Simulated. A call that timed out counts with its 5 s.",
	}
	for _, load := range loads() {
		c.X = append(c.X, math.Round(100*load))
	}
	row := measure.Row{}
	for i, m := range metrics() {
		if m.name == "timed out" || m.name == "90th percentile" {
			continue
		}
		p := measure.Panel{Title: m.name, Y: make(map[string][]float64)}
		for _, policy := range policies() {
			for _, load := range loads() {
				p.Y[policy] = append(p.Y[policy], r.median(cell{policy, load}, i))
			}
		}
		row.Panels = append(row.Panels, p)
	}
	c.Rows = append(c.Rows, row)
	return c
}

// full is the setting of the report, but for load and seed.
var full = setting{replicas: 50, clients: 50, warm: 5 * time.Second, time: 20 * time.Second}
