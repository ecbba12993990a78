package measure

import (
	"fmt"
	"io"
	"strings"
)

// A Report is what a program says of an outcome: its own tables, plot and words.
// [Program.Publish] puts them into the frame that all programs share.
type Report struct {
	// Sections are all that was measured, as a terminal shows it.
	Sections []Section
	// Claims compare it with the project's targets.
	Claims []Claim
	// Head and Body are what the file says before the targets and after them, in
	// Markdown. The plot lies beside the file, named for the program: "chain.svg".
	Head, Body string
	// Plot is a [Chart] or [Bars].
	Plot interface{ SVG() []byte }
}

// A Section is one table of results.
type Section struct {
	// Title stands above the table; it may be empty.
	Title string
	Table *Table
}

// reportFile is the file of a full run, beside its plot.
const reportFile = "report.md"

// Publish prints the report of o, and writes it into files if o is of a full run.
// A smoke run makes them as well, and writes none.
func (p Program) Publish(o Outcome) error {
	r, err := p.Report(o)
	if err != nil {
		return err
	}
	text, plot := r.markdown(p.Name, o), r.Plot.SVG()
	if _, err := io.WriteString(p.Stdout, r.text(o)); err != nil || o.Options.Smoke {
		return err
	}
	plotFile := p.Name + ".svg"
	if err := o.Options.write(plotFile, plot); err != nil {
		return err
	}
	if err := o.Options.write(reportFile, []byte(text)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "\nwrote %s and %s\n", reportFile, plotFile)
	return err
}

// text returns the report for a terminal.
func (r Report) text(o Outcome) string {
	var b strings.Builder
	for _, s := range r.Sections {
		if s.Title != "" {
			b.WriteString(s.Title + "\n\n")
		}
		b.WriteString(s.Table.Text() + "\n")
	}
	fmt.Fprintf(&b, "Ratios are medians of the rounds' ratios, with 95 %% confidence intervals; of fewer\nthan six rounds, with the smallest and the largest.\n%s\n\n", o.Machine)
	b.WriteString(Claims(r.Claims).Text())
	if o.Options.Smoke {
		b.WriteString("\nThis was a smoke run: its numbers mean little.\n")
	}
	return b.String()
}

// markdown returns the report for a file. It has no date: the same program on the
// same machine writes the same words around other numbers.
func (r Report) markdown(program string, o Outcome) string {
	var b strings.Builder
	b.WriteString(r.Head)
	fmt.Fprintf(&b, "\n## Targets\n\n%s", Claims(r.Claims).Markdown())
	b.WriteString(r.Body)
	fmt.Fprintf(&b, "\n## How\n\n%s. %d rounds. In `bench`:\n\n```sh\nGOWORK=off go run ./%s%s\n```\n", o.Machine, o.Options.Rounds, program, o.Options.flags())
	return b.String()
}

// flags returns the flags that make a run like this one, but for where it writes.
func (o Options) flags() string {
	s := fmt.Sprintf(" -rounds %d", o.Rounds)
	if o.Fixed {
		s += " -fixed"
	}
	return s
}
