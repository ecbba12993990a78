package measure

import (
	"os"
	"strings"
	"testing"
	"time"
)

// stepper returns a Progress on a clock that moves by tick at each look.
func stepper(out *strings.Builder, terminal bool, tick time.Duration) *Progress {
	now := time.Unix(0, 0)
	return &Progress{out: out, terminal: terminal, now: func() time.Time {
		now = now.Add(tick)
		return now
	}}
}

func TestProgressPlain(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := stepper(&out, false, time.Second)
	p.Step("round 1 of 2", 0, 4)
	p.Step("round 1 of 2", 1, 4)
	p.Step("round 2 of 2", 2, 4)
	p.Step("round 2 of 2", 3, 4)
	p.Done()
	const want = "round 1 of 2, 0 %\nround 2 of 2, 50 %, about 3 s left\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestProgressTerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := stepper(&out, true, redraw/2)
	for done := range 4 {
		p.Step("round 1 of 1", done, 4)
	}
	p.Done()
	// Half of the steps come too soon after the one before.
	const want = eraseLine + "round 1 of 1, 0 %" + eraseLine + "round 1 of 1, 50 %, about 1 s left" + eraseLine
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestProgressSilent(t *testing.T) {
	t.Parallel()
	var p *Progress
	p.Step("round 1 of 1", 0, 1)
	p.Done()
	var out strings.Builder
	p = stepper(&out, true, redraw)
	p.Step("nothing", 0, 0)
	p.Done()
	if out.Len() > 0 {
		t.Errorf("got %q, want nothing", out.String())
	}
}

func TestProgressIntoAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Create(t.TempDir() + "/progress")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if NewProgress(f).terminal {
		t.Error("a file is taken for a terminal")
	}
}
