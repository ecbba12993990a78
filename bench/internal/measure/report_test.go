package measure

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reporting returns a program whose report has words of its own, and what it prints.
func reporting() (p Program, stdout *strings.Builder) {
	stdout = new(strings.Builder)
	return Program{Name: "sums", Stdout: stdout, Report: func(Outcome) (Report, error) {
		return Report{
			Sections: []Section{{Title: "with a title", Table: testTable()}, {Table: testTable()}},
			Claims:   []Claim{NoAllocs("A1", "none", &Result{})},
			Head:     "# What a sum costs\n", Body: "\n## Everything\n",
			Plot: new(Bars),
		}, nil
	}}, stdout
}

const (
	testTableText  = "kind          ns/op         × by hand\n-------------------------------------\nby hand         1.5                 1\n\na long name  1234.0  0.50 (0.40–0.60)\n"
	testClaimsText = "" +
		"Ratios are medians of the rounds' ratios, with 95 % confidence intervals; of fewer\n" +
		"than six rounds, with the smallest and the largest.\nan abacus\n\n" +
		"target  what  wanted    measured  verdict\n" +
		"-----------------------------------------\n" +
		"A1      none  0 allocs  0 allocs  holds\n"
)

func TestPublishSmoke(t *testing.T) {
	t.Parallel()
	p, stdout := reporting()
	dir := t.TempDir()
	if err := p.Publish(Outcome{Options: Options{Smoke: true, Rounds: 2, Out: dir}, Machine: "an abacus"}); err != nil {
		t.Fatal(err)
	}
	want := "with a title\n\n" + testTableText + "\n" + testTableText + "\n" + testClaimsText + "\nThis was a smoke run: its numbers mean little.\n"
	if got := stdout.String(); got != want {
		t.Errorf("it prints\n%s\nwant\n%s", got, want)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it wrote %v", left)
	}
}

func TestPublishFiles(t *testing.T) {
	t.Parallel()
	p, stdout := reporting()
	dir := t.TempDir()
	if err := p.Publish(Outcome{Options: Options{Rounds: 9, Fixed: true, Out: dir}, Machine: "an abacus"}); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.HasSuffix(got, testClaimsText+"\nwrote report.md and sums.svg\n") {
		t.Errorf("it prints\n%s", got)
	}
	const want = "# What a sum costs\n" +
		"\n## Targets\n\n| target | what | wanted | measured | verdict |\n| :-- | :-- | :-- | :-- | :-- |\n| A1 | none | 0 allocs | 0 allocs | holds |\n" +
		"\n## Everything\n" +
		"\n## How\n\nan abacus. 9 rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./sums -rounds 9 -fixed\n```\n"
	if got, err := os.ReadFile(filepath.Join(dir, "report.md")); err != nil || string(got) != want {
		t.Errorf("%v; the report is\n%s\nwant\n%s", err, got, want)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "sums.svg")); err != nil || string(got) != string(new(Bars).SVG()) {
		t.Errorf("%v; the plot is %q", err, got)
	}
}

func TestPublishFails(t *testing.T) {
	t.Parallel()
	p, stdout := reporting()
	if err := p.Publish(Outcome{Options: Options{Out: filepath.Join(t.TempDir(), "gone")}}); err == nil {
		t.Error("a folder that is not there is no error")
	}
	stdout.Reset()
	wrong := errors.New("2 and 2 is 5")
	p.Report = func(Outcome) (Report, error) { return Report{}, wrong }
	if err := p.Publish(Outcome{}); !errors.Is(err, wrong) || stdout.Len() > 0 {
		t.Errorf("the error is %v, want %v; it prints %q", err, wrong, stdout)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		" -rounds 15":       {Rounds: 15, Out: "elsewhere"},
		" -rounds 2 -fixed": {Rounds: 2, Fixed: true},
	} {
		if got := o.flags(); got != want {
			t.Errorf("%+v has the flags %q, want %q", o, got, want)
		}
	}
}
