package measure

import "testing"

func TestGroupTable(t *testing.T) {
	t.Parallel()
	results := []Result{
		{Group: "a", Kind: "ours", NS: []float64{10}},
		{Group: "a", Kind: "theirs", NS: []float64{40}, Allocs: 2, Bytes: 64},
		{Group: "b", Kind: "theirs", NS: []float64{30}},
	}
	kinds := []string{"theirs", "ours", "nobody's"}
	const want = "" +
		"what  kind    ns/op  allocs  B/op           we take\n" +
		"---------------------------------------------------\n" +
		"a     theirs   40.0       2    64  0.25 (0.25–0.25)\n" +
		"a     ours     10.0       0     0                 1\n" +
		"\n" +
		"b     theirs   30.0       0     0                 –\n"
	if got := GroupTable(results, []Group{{"a", kinds}, {"b", kinds}}, "ours", "we take").Text(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
