package measure

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// A Chart is a page of small plots that share their axes: rows of panels, each
// with a line for every series. The vertical axis is logarithmic, so that what
// takes two nanoseconds and what takes five hundred are both legible, and equal
// ratios are equal distances.
type Chart struct {
	// Title and Subtitle stand above the plots, Note below them.
	Title, Subtitle, Note string
	// XLabel and YLabel name the axes.
	XLabel, YLabel string
	// X are the positions of the points, and the ticks.
	X []float64
	// Series are drawn in their order, the last on top.
	Series []Series
	// Rows of panels, from the top.
	Rows []Row
}

// A Series is how one line looks in all panels.
type Series struct {
	// Name is what the legend says and the key of [Panel].Y.
	Name string
	// Color is a CSS colour.
	Color string
	// Strong lines are thicker; Dashed ones are dashed and have no marks.
	Strong, Dashed bool
}

// A Row is panels side by side.
type Row struct {
	// Title stands above the panels.
	Title  string
	Panels []Panel
}

// A Panel is one plot.
type Panel struct {
	// Title stands above the plot.
	Title string
	// Y holds the values of a series, one for each X; NaN is left out.
	Y map[string][]float64
}

// The measures of a chart, in pixels.
const (
	panelWidth   = 300.0
	panelHeight  = 250.0
	marginLeft   = 62.0
	marginRight  = 24.0
	marginBottom = 76.0
	headHeight   = 122.0 // title, subtitle and legend
	columnGap    = 62.0  // the numbers at the ends of the lines stand in it
	rowTitle     = 46.0  // above the panels of a row
	rowGap       = 56.0  // below them, for the ticks and the axis' name
	endRoom      = 34.0  // between the last point and the panel's right edge
	labelHeight  = 12.5  // between two numbers at the ends of lines
)

// The colours of everything but the lines.
const (
	colorPaper = "#fbfaf7"
	colorPanel = "#ffffff"
	colorGrid  = "#e6e2da"
	colorFrame = "#cfc9bd"
	colorText  = "#24211c"
	colorFaint = "#6d675d"
)

// SVG returns the chart as a self-contained SVG document.
func (c *Chart) SVG() []byte {
	columns := 0
	for _, row := range c.Rows {
		columns = max(columns, len(row.Panels))
	}
	width := marginLeft + float64(columns)*panelWidth + float64(max(columns-1, 0))*columnGap + marginRight
	height := headHeight + float64(len(c.Rows))*(rowTitle+panelHeight+rowGap) - rowGap + marginBottom
	w := &svg{}
	w.f(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" font-family="'Helvetica Neue', Helvetica, Arial, 'Noto Sans', sans-serif" fill="%s">`,
		width, height, width, height, colorText)
	w.f(`<title>%s</title>`, html.EscapeString(c.Title))
	w.f(`<rect width="100%%" height="100%%" fill="%s"/>`, colorPaper)
	w.text(marginLeft, 38, 21, colorText, `font-weight="600"`, c.Title)
	w.text(marginLeft, 61, 13.5, colorFaint, "", c.Subtitle)
	c.legend(w, marginLeft, 92)
	y := c.scale()
	top := headHeight
	for r, row := range c.Rows {
		w.text(marginLeft, top+14, 14.5, colorText, `font-weight="600"`, row.Title)
		for i, panel := range row.Panels {
			left := marginLeft + float64(i)*(panelWidth+columnGap)
			c.panel(w, panel, frame{left: left, top: top + rowTitle, y: y, first: i == 0, last: r == len(c.Rows)-1})
		}
		top += rowTitle + panelHeight + rowGap
	}
	w.text(marginLeft, height-18, 12, colorFaint, "", c.Note)
	w.f(`</svg>`)
	return []byte(w.String())
}

// legend draws the series from left to right.
func (c *Chart) legend(w *svg, x, y float64) {
	for i, s := range c.Series {
		w.f(`<g><path d="M%.1f %.1fh26" stroke="%s" stroke-width="%s" %s/>`, x, y-4.5, s.Color, s.width(), s.dash())
		w.mark(i, s, x+13, y-4.5)
		weight := ""
		if s.Strong {
			weight = `font-weight="600"`
		}
		w.text(x+33, y, 13, colorText, weight, s.Name)
		w.f(`</g>`)
		x += 33 + 7.4*float64(len(s.Name)) + 22
	}
}

// frame is where a panel goes.
type frame struct {
	left, top float64
	y         logScale
	first     bool // of its row
	last      bool // row of the chart
}

func (f frame) py(v float64) float64 { return f.top + panelHeight*(1-f.y.at(v)) }

func (c *Chart) px(f frame, x float64) float64 {
	const room = 14
	low, high := slices.Min(c.X), slices.Max(c.X)
	return f.left + room + (panelWidth-room-endRoom)*(x-low)/max(high-low, 1e-9)
}

func (c *Chart) panel(w *svg, p Panel, f frame) {
	w.f(`<g><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, f.left, f.top, panelWidth, panelHeight, colorPanel)
	w.text(f.left, f.top-9, 12.5, colorFaint, `font-weight="600"`, p.Title)
	for _, t := range f.y.ticks() {
		w.f(`<path d="M%.1f %.1fh%.1f" stroke="%s" stroke-width="1"/>`, f.left, f.py(t), panelWidth, colorGrid)
		w.text(f.left-7, f.py(t)+4, 11.5, colorFaint, `text-anchor="end"`, number(t))
	}
	for _, x := range c.X {
		w.f(`<path d="M%.1f %.1fv4" stroke="%s"/>`, c.px(f, x), f.top+panelHeight, colorFaint)
		w.text(c.px(f, x), f.top+panelHeight+17, 11.5, colorFaint, `text-anchor="middle"`, number(x))
	}
	w.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="%s"/>`, f.left, f.top, panelWidth, panelHeight, colorFrame)
	if f.first {
		x, y := f.left-44, f.top+panelHeight/2
		w.text(x, y, 12, colorFaint, fmt.Sprintf(`text-anchor="middle" transform="rotate(-90 %.1f %.1f)"`, x, y), c.YLabel)
	}
	if f.last {
		w.text(f.left+panelWidth/2, f.top+panelHeight+36, 12, colorFaint, `text-anchor="middle"`, c.XLabel)
	}
	var ends []label
	for i, s := range c.Series {
		if end, ok := c.line(w, f, i, p.Y[s.Name]); ok {
			ends = append(ends, end)
		}
	}
	spread(ends, f.top+8, f.top+panelHeight-2)
	for _, e := range ends {
		w.text(e.x, e.y+4, 11.5, e.color, `font-weight="600"`, e.text)
	}
	w.f(`</g>`)
}

// line draws one series and returns the number for its end.
func (c *Chart) line(w *svg, f frame, i int, values []float64) (end label, ok bool) {
	s := c.Series[i]
	var path, marks svg
	move := "M"
	for k, v := range values {
		if k >= len(c.X) || math.IsNaN(v) || v <= 0 {
			continue
		}
		x, y := c.px(f, c.X[k]), f.py(v)
		fmt.Fprintf(&path, "%s%.1f %.1f", move, x, y)
		marks.mark(i, s, x, y)
		move = "L"
		end, ok = label{x: x + 9, y: y, color: s.Color, text: number(v)}, true
	}
	if ok {
		w.f(`<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round" %s/>%s`, path.String(), s.Color, s.width(), s.dash(), marks.String())
	}
	return end, ok
}

func (s Series) width() string {
	if s.Strong {
		return "3"
	}
	return "1.8"
}

func (s Series) dash() string {
	if s.Dashed {
		return `stroke-dasharray="5 3.5"`
	}
	return ""
}

// label is a number at the end of a line.
type label struct {
	x, y  float64
	color string
	text  string
}

// spread moves labels apart that would overlap, and keeps them between top and
// bottom: labels that touch become a block, which stands where its members would
// be on average.
func spread(labels []label, top, bottom float64) {
	slices.SortStableFunc(labels, func(a, b label) int { return int(math.Copysign(1, a.y-b.y)) })
	type block struct {
		n   int
		sum float64 // of where its first label would stand for each of its members
	}
	first := func(b block) float64 {
		y := b.sum / float64(b.n)
		return max(top, min(y, bottom-labelHeight*float64(b.n-1)))
	}
	var blocks []block
	for _, l := range labels {
		b := block{n: 1, sum: l.y}
		for len(blocks) > 0 {
			above := blocks[len(blocks)-1]
			if first(above)+labelHeight*float64(above.n) <= first(b) {
				break
			}
			b = block{n: above.n + b.n, sum: above.sum + b.sum - float64(b.n*above.n)*labelHeight}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for k := range b.n {
			labels[i].y = first(b) + labelHeight*float64(k)
			i++
		}
	}
}

// scale returns the vertical axis that holds all values.
func (c *Chart) scale() logScale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range c.Rows {
		for _, p := range row.Panels {
			for _, values := range p.Y {
				for _, v := range values {
					if v > 0 && !math.IsInf(v, 0) {
						low, high = min(low, v), max(high, v)
					}
				}
			}
		}
	}
	if low > high {
		low, high = 1, 10
	}
	return logScale{low: low / 1.25, high: high * 1.25}
}

// logScale maps values to [0, 1].
type logScale struct{ low, high float64 }

func (s logScale) at(v float64) float64 {
	return (math.Log(v) - math.Log(s.low)) / (math.Log(s.high) - math.Log(s.low))
}

// ticks returns the round numbers on the scale: 1, 2, 5, 10, 20, 50, …
func (s logScale) ticks() []float64 {
	var ticks []float64
	for power := math.Floor(math.Log10(s.low)); power <= math.Log10(s.high); power++ {
		for _, digit := range []float64{1, 2, 5} {
			if t := digit * math.Pow(10, power); t >= s.low && t <= s.high {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// number formats a value in as few digits as say something.
func number(v float64) string {
	if v < 10 && v != math.Trunc(v) {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// svg is a document that is being written.
type svg struct{ strings.Builder }

// f writes a line.
func (w *svg) f(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

func (w *svg) text(x, y, size float64, color, attributes, text string) {
	if text == "" {
		return
	}
	w.f(`<text x="%.1f" y="%.1f" font-size="%g" fill="%s" %s>%s</text>`, x, y, size, color, attributes, html.EscapeString(text))
}

// mark draws the mark of the series with index i: shapes help who cannot tell the
// colours apart. A dashed line has none, so as not to hide those of a line that
// it follows.
func (w *svg) mark(i int, s Series, x, y float64) {
	if s.Dashed {
		return
	}
	style := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1"`, s.Color, colorPanel)
	polygon := func(points ...float64) {
		var b strings.Builder
		for k := 0; k < len(points); k += 2 {
			fmt.Fprintf(&b, "%.1f,%.1f ", x+points[k], y+points[k+1])
		}
		w.f(`<polygon points="%s" %s/>`, strings.TrimSpace(b.String()), style)
	}
	switch i % 5 {
	case 0:
		w.f(`<circle cx="%.1f" cy="%.1f" r="4" %s/>`, x, y, style)
	case 1:
		polygon(-3.6, -3.6, 3.6, -3.6, 3.6, 3.6, -3.6, 3.6)
	case 2:
		polygon(0, -5, 5, 0, 0, 5, -5, 0)
	case 3:
		polygon(0, -4.8, 4.6, 3.6, -4.6, 3.6)
	case 4:
		polygon(0, 4.8, 4.6, -3.6, -4.6, -3.6)
	}
}
