package measure

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A Progress tells a person how far a run is: on a terminal by one line that
// changes, elsewhere by a line for each phase. A nil Progress is silent.
type Progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	start    time.Time // of the phases that count towards the end
	shown    time.Time
	phase    string
}

// redraw is how often the line on a terminal changes.
const redraw = 100 * time.Millisecond

// NewProgress returns a Progress that writes to out.
func NewProgress(out io.Writer) *Progress {
	return &Progress{out: out, terminal: isTerminal(out), now: time.Now}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Step says that done of all steps are done and which phase of the run this is.
func (p *Progress) Step(phase string, done, all int) {
	if p == nil || all == 0 {
		return
	}
	now := p.now()
	if done == 0 {
		p.start = now
	}
	newPhase := phase != p.phase
	if !newPhase && (!p.terminal || now.Sub(p.shown) < redraw) {
		return
	}
	p.phase, p.shown = phase, now
	text := fmt.Sprintf("%s, %d %%", phase, 100*done/all)
	if done > 0 {
		left := now.Sub(p.start) * time.Duration(all-done) / time.Duration(done)
		text += fmt.Sprintf(", about %d s left", int(left.Seconds())+1)
	}
	p.write(text)
}

// Done ends the changing line, so that what follows stands on its own.
func (p *Progress) Done() {
	if p != nil && p.terminal && p.phase != "" {
		_, _ = io.WriteString(p.out, eraseLine)
	}
}

// eraseLine returns to the first column and erases to the end of the line.
const eraseLine = "\r\x1b[K"

// write shows a text; that a terminal went away is no reason to stop measuring.
func (p *Progress) write(text string) {
	if p.terminal {
		_, _ = io.WriteString(p.out, eraseLine+text)
		return
	}
	_, _ = io.WriteString(p.out, text+"\n")
}
