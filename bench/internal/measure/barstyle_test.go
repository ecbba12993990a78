package measure

import (
	"reflect"
	"testing"
)

func TestBarStyle(t *testing.T) {
	t.Parallel()
	style := BarStyle{Text: NanosAllocs, Color: func(kind string) string {
		if kind == "ours" {
			return ColorOurs
		}
		return ColorPeer
	}}
	results := []Result{{Group: "g", Kind: "theirs", NS: []float64{20}, Allocs: 1}, {Group: "g", Kind: "ours", NS: []float64{10}}}
	want := BarPanel{Title: "the title", Bars: []Bar{
		{Name: "ours", Text: "10 ns (0)", Value: 10, Color: ColorOurs, Strong: true},
		{Name: "theirs", Text: "20 ns (1)", Value: 20, Color: ColorPeer},
	}}
	if got := style.Panel(results, "g", "the title", []string{"ours", "nobody's", "theirs"}); !reflect.DeepEqual(got, want) {
		t.Errorf("the panel is %+v, want %+v", got, want)
	}
}
