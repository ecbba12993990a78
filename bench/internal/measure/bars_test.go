package measure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	t.Parallel()
	c := &Bars{
		Title: "Cost & <effect>", Subtitle: "sub", Note: "note",
		Panels: []BarPanel{
			{Title: "first", Bars: []Bar{{Name: "one", Text: "1 µs", Value: 1, Color: "#111111", Strong: true}, {Name: "<two>", Text: "2 µs", Value: 2, Color: "#222222"}}},
			{Title: "second", Bars: []Bar{{Name: "gone", Value: math.NaN(), Color: "#333333"}}},
			{Title: "none"},
		},
	}
	svg := c.SVG()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("it is no well-formed XML: %v", err)
		}
	}
	text := string(svg)
	for _, want := range []string{"Cost &amp; &lt;effect&gt;", "sub", "note", "first", "second", "none", ">one<", "&lt;two&gt;", "2 µs"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plot lacks %q", want)
		}
	}
	if strings.Contains(text, "gone") || strings.Contains(text, "NaN") {
		t.Error("the plot has a bar without a value")
	}
	// The longest bar fills the room, the other one half of it.
	for _, want := range []string{`width="220.0" height="15.0" fill="#222222"`, `width="110.0" height="15.0" fill="#111111"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the plot lacks %s", want)
		}
	}
}

func TestNoBars(t *testing.T) {
	t.Parallel()
	if svg := new(Bars).SVG(); !bytes.Contains(svg, []byte("</svg>")) {
		t.Errorf("it is %q", svg)
	}
}
