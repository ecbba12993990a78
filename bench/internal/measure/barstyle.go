package measure

// The colours of bars and lines, by what a kind is.
const (
	ColorOurs = "#1f63d6" // this library; its bars are strong
	ColorHand = "#24211c" // the same by hand, or the library below
	ColorBare = "#a8a196" // nothing around the work, or the least that answers right
	ColorPeer = "#c8334a" // other libraries
)

// A BarStyle says how results are drawn as bars, for all panels of a page.
type BarStyle struct {
	// Color returns the colour of a kind.
	Color func(kind string) string
	// Text returns what stands after a bar, such as [MicrosAllocs].
	Text func(r *Result) string
}

// Panel returns the kinds of a group, in their order; those that were not measured
// are left out.
func (s BarStyle) Panel(results []Result, group, title string, kinds []string) BarPanel {
	p := BarPanel{Title: title}
	for _, kind := range kinds {
		if r := Find(results, group, kind); r != nil {
			p.Bars = append(p.Bars, s.Bar(kind, r))
		}
	}
	return p
}

// Bar returns one result, by a name of its own.
func (s BarStyle) Bar(name string, r *Result) Bar {
	color := s.Color(r.Kind)
	return Bar{Name: name, Text: s.Text(r), Value: r.Median(), Color: color, Strong: color == ColorOurs}
}
