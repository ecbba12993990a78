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
		AtMost("A3", "not measured", Compare(&Result{}, &Result{}), 0.5),
		NoAllocs("A4", "none", &Result{}),
		NoAllocs("A5", "some", &Result{Allocs: 2}),
		AtLeast("A6", "as many", Ratio{Median: 0.5, Low: 0.4, High: 0.6}, 0.5),
		AtLeast("A7", "fewer", Ratio{Median: 0.49, Low: 0.4, High: 0.6}, 0.5),
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
		"| A7 | fewer | ≥ 0.50× | 0.49 (0.40–0.60) | MISSED |\n"
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
