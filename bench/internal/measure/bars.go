package measure

import (
	"html"
	"math"
	"slices"
)

// Bars is a page of plots whose bars lie side by side with their names: for
// things that have no order among themselves. Each panel has a scale of its own
// that begins at 0, so that lengths are to each other as the values are.
type Bars struct {
	// Title and Subtitle stand above the plots, Note below them.
	Title, Subtitle, Note string
	// Panels are drawn in rows of two, from the top.
	Panels []BarPanel
}

// A BarPanel is one plot.
type BarPanel struct {
	// Title stands above the plot.
	Title string
	// Bars are drawn from the top.
	Bars []Bar
}

// A Bar is one value.
type Bar struct {
	// Name stands before it, Text after it.
	Name, Text string
	// Value is its length; NaN is left out.
	Value float64
	// Color is a CSS colour.
	Color string
	// Strong bars have bold names.
	Strong bool
}

// The measures of bars, in pixels, beside those that all charts share.
const (
	barPanelWidth = 470.0
	barNameWidth  = 132.0
	barTextWidth  = 118.0
	barHeight     = 15.0
	barPitch      = 21.0 // from one bar to the next
	barHead       = 96.0 // title and subtitle
	barGap        = 34.0 // between panels
)

// SVG returns the page as a self-contained SVG document.
func (c *Bars) SVG() []byte {
	rows := slices.Collect(slices.Chunk(c.Panels, 2))
	columns, height := 0, barHead+marginBottom/2
	for _, row := range rows {
		columns = max(columns, len(row))
		height += rowHeight(row)
	}
	width := 2*marginRight + float64(columns)*barPanelWidth + float64(max(columns-1, 0))*barGap
	w := &svg{}
	w.f(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" font-family="'Helvetica Neue', Helvetica, Arial, 'Noto Sans', sans-serif" fill="%s">`,
		width, height, width, height, colorText)
	w.f(`<title>%s</title>`, html.EscapeString(c.Title))
	w.f(`<rect width="100%%" height="100%%" fill="%s"/>`, colorPaper)
	w.text(marginRight, 38, 21, colorText, `font-weight="600"`, c.Title)
	w.text(marginRight, 61, 13.5, colorFaint, "", c.Subtitle)
	top := barHead
	for _, row := range rows {
		for i, panel := range row {
			panel.draw(w, marginRight+float64(i)*(barPanelWidth+barGap), top)
		}
		top += rowHeight(row)
	}
	w.text(marginRight, height-18, 12, colorFaint, "", c.Note)
	w.f(`</svg>`)
	return []byte(w.String())
}

func rowHeight(row []BarPanel) float64 {
	bars := 0
	for _, p := range row {
		bars = max(bars, len(p.Bars))
	}
	return rowTitle + float64(bars)*barPitch
}

func (p BarPanel) draw(w *svg, left, top float64) {
	longest := 0.0
	for _, b := range p.Bars {
		if !math.IsNaN(b.Value) {
			longest = max(longest, b.Value)
		}
	}
	w.f(`<g>`)
	w.text(left, top, 13, colorText, `font-weight="600"`, p.Title)
	y := top + 12
	for _, b := range p.Bars {
		if math.IsNaN(b.Value) {
			continue
		}
		weight := ""
		if b.Strong {
			weight = `font-weight="600"`
		}
		length := (barPanelWidth - barNameWidth - barTextWidth) * b.Value / max(longest, 1e-9)
		w.text(left+barNameWidth-8, y+barHeight-3.5, 12, colorText, `text-anchor="end" `+weight, b.Name)
		w.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left+barNameWidth, y, max(length, 1), barHeight, b.Color)
		w.text(left+barNameWidth+length+6, y+barHeight-3.5, 11.5, colorFaint, weight, b.Text)
		y += barPitch
	}
	w.f(`</g>`)
}
