package measure

import "testing"

func testTable() *Table {
	t := &Table{Header: []string{"kind", "ns/op", "× by hand"}}
	t.Add("by hand", "1.5", "1")
	t.Add()
	t.Add("a long name", "1234.0", "0.50 (0.40–0.60)")
	return t
}

func TestTableText(t *testing.T) {
	t.Parallel()
	const want = "" +
		"kind          ns/op         × by hand\n" +
		"-------------------------------------\n" +
		"by hand         1.5                 1\n" +
		"\n" +
		"a long name  1234.0  0.50 (0.40–0.60)\n"
	if got := testTable().Text(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTableMarkdown(t *testing.T) {
	t.Parallel()
	const want = "" +
		"| kind | ns/op | × by hand |\n" +
		"| :-- | --: | --: |\n" +
		"| by hand | 1.5 | 1 |\n" +
		"| a long name | 1234.0 | 0.50 (0.40–0.60) |\n"
	if got := testTable().Markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	table := Claims([]Claim{
		AtMost("A1", "faster", Ratio{Median: 0.5, Low: 0.4, High: 0.6}, 0.5),
		AtMost("A2", "slower", Ratio{Median: 0.51, Low: 0.4, High: 0.6}, 0.5),
		AtMost("A3", "not measured", Compare(&Result{}, nil), 0.5),
		NoAllocs("A4", "none", &Result{}),
		NoAllocs("A5", "some", &Result{Allocs: 2}),
		AtLeast("A6", "as many", Ratio{Median: 0.5, Low: 0.4, High: 0.6}, 0.5),
		AtLeast("A7", "fewer", Ratio{Median: 0.49, Low: 0.4, High: 0.6}, 0.5),
		AtMostAllocs("A8", "few", &Result{Allocs: 2}, 2),
		AtMostAllocs("A9", "many", &Result{Allocs: 3}, 2),
		AllocsBeyond("B1", "few more", &Result{Allocs: 9}, &Result{Allocs: 7}, 2),
		AllocsBeyond("B2", "many more", &Result{Allocs: 10}, &Result{Allocs: 7}, 2),
		AllocsBeyond("B3", "than nothing", &Result{Allocs: 10}, nil, 2),
	})
	const want = "" +
		"| target | what | wanted | measured | verdict |\n" +
		"| :-- | :-- | :-- | :-- | :-- |\n" +
		"| A1 | faster | ≤ 0.50× | 0.50 (0.40–0.60) | holds |\n" +
		"| A2 | slower | ≤ 0.50× | 0.51 (0.40–0.60) | MISSED |\n" +
		"| A3 | not measured | ≤ 0.50× | – | MISSED |\n" +
		"| A4 | none | 0 allocs | 0 allocs | holds |\n" +
		"| A5 | some | 0 allocs | 2 allocs | MISSED |\n" +
		"| A6 | as many | ≥ 0.50× | 0.50 (0.40–0.60) | holds |\n" +
		"| A7 | fewer | ≥ 0.50× | 0.49 (0.40–0.60) | MISSED |\n" +
		"| A8 | few | ≤ 2 allocs | 2 allocs | holds |\n" +
		"| A9 | many | ≤ 2 allocs | 3 allocs | MISSED |\n" +
		"| B1 | few more | ≤ 2 | 9 − 7 = 2 | holds |\n" +
		"| B2 | many more | ≤ 2 | 10 − 7 = 3 | MISSED |\n" +
		"| B3 | than nothing | ≤ 2 | – | MISSED |\n"
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
