package measure

import "fmt"

// A Group is the cases that are compared with each other, in the order of tables.
type Group struct {
	Name  string
	Kinds []string
}

// GroupTable returns the results of groups, in nanoseconds. The last column, which
// last names, has the time of the kind ours in units of that of each.
func GroupTable(results []Result, groups []Group, ours, last string) *Table {
	t := &Table{Header: []string{"what", "kind", "ns/op", "allocs", "B/op", last}, Words: 2}
	for i, g := range groups {
		if i > 0 {
			t.Add()
		}
		own := Find(results, g.Name, ours)
		for _, kind := range g.Kinds {
			if r := Find(results, g.Name, kind); r != nil {
				t.Add(g.Name, kind, fmt.Sprintf("%.1f", r.Median()), fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes), Versus(own, r))
			}
		}
	}
	return t
}
