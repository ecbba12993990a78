package measure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func testChart() *Chart {
	panel := Panel{Title: "16 bytes", Y: map[string][]float64{
		"one":       {1, 2, 300},
		"<two> & 2": {1, 2.5, 301},
		"gap":       {math.NaN(), 7, math.NaN()},
	}}
	return &Chart{
		Title: "Cost & <effect>", Subtitle: "sub", XLabel: "layers", YLabel: "ns", Note: "note",
		X:      []float64{0, 1, 10},
		Series: []Series{{Name: "one", Color: "#111111", Strong: true}, {Name: "<two> & 2", Color: "#222222", Dashed: true}, {Name: "gap", Color: "#333333"}, {Name: "absent", Color: "#444444"}},
		Rows:   []Row{{Title: "first", Panels: []Panel{panel, panel}}, {Title: "second", Panels: []Panel{panel}}},
	}
}

// elements returns the attributes of all elements of an SVG, and its texts.
func elements(t *testing.T, svg []byte) (attributes []map[string]string, texts []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return attributes, texts
		}
		if err != nil {
			t.Fatalf("it is no well-formed XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			all := map[string]string{"": token.Name.Local}
			for _, a := range token.Attr {
				all[a.Name.Local] = a.Value
			}
			attributes = append(attributes, all)
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				texts = append(texts, text)
			}
		}
	}
}

func TestChart(t *testing.T) {
	t.Parallel()
	svg := testChart().SVG()
	attributes, texts := elements(t, svg)
	for _, want := range []string{"Cost & <effect>", "sub", "note", "first", "second", "16 bytes", "one", "<two> & 2", "gap", "absent", "layers", "ns", "100"} {
		if !slices.Contains(texts, want) {
			t.Errorf("the text %q is missing", want)
		}
	}
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("%!")) {
		t.Errorf("a number or a verb went wrong:\n%s", svg)
	}
	width, _ := strconv.ParseFloat(attributes[0]["width"], 64)
	height, _ := strconv.ParseFloat(attributes[0]["height"], 64)
	for _, a := range attributes {
		for name, limit := range map[string]float64{"x": width, "cx": width, "y": height, "cy": height} {
			if v, err := strconv.ParseFloat(a[name], 64); err == nil && (v < 0 || v > limit) {
				t.Errorf("%v: %s lies outside the picture of %v × %v", a, name, width, height)
			}
		}
	}
}

func TestChartWithoutValues(t *testing.T) {
	t.Parallel()
	elements(t, (&Chart{}).SVG())
	elements(t, (&Chart{X: []float64{3}, Rows: []Row{{Panels: []Panel{{}}}}}).SVG())
}

func TestSpread(t *testing.T) {
	t.Parallel()
	const top, bottom = 100, 200
	for _, tt := range []struct {
		name string
		y    []float64
	}{
		{"none", nil},
		{"far apart", []float64{120, 160}},
		{"the same", []float64{150, 150, 150}},
		{"a chain that pushes back", []float64{150, 160, 168, 180}},
		{"over the top", []float64{60, 101, 102}},
		{"under the bottom", []float64{199, 199, 250}},
		{"in disorder", []float64{180, 110, 178, 111}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var labels []label
			for _, y := range tt.y {
				labels = append(labels, label{y: y})
			}
			spread(labels, top, bottom)
			for i, l := range labels {
				if l.y < top || l.y > bottom {
					t.Errorf("label %d is at %v, outside of %v to %v", i, l.y, top, bottom)
				}
				if i > 0 && l.y-labels[i-1].y < labelHeight-1e-9 {
					t.Errorf("labels %d and %d overlap at %v and %v", i-1, i, labels[i-1].y, l.y)
				}
			}
			if tt.name == "far apart" && (labels[0].y != 120 || labels[1].y != 160) {
				t.Errorf("labels with room were moved: %v", labels)
			}
		})
	}
}

func TestTicks(t *testing.T) {
	t.Parallel()
	got := logScale{low: 0.8, high: 60}.ticks()
	if want := []float64{1, 2, 5, 10, 20, 50}; !slices.Equal(got, want) {
		t.Errorf("ticks are %v, want %v", got, want)
	}
}
