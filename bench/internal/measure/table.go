package measure

import (
	"strings"
	"unicode/utf8"
)

// A Table is rows of cells. The first column is words, the others are numbers.
type Table struct {
	// Header names the columns.
	Header []string
	// Rows have as many cells as the header. An empty row is a gap.
	Rows [][]string
	// Words is how many of the first columns are set to the left; 0 means 1.
	Words int
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text returns the table in columns for a terminal.
func (t *Table) Text() string {
	widths := t.widths()
	var b strings.Builder
	t.line(&b, t.Header, widths)
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	b.WriteString(strings.Repeat("-", total) + "\n")
	for _, row := range t.Rows {
		t.line(&b, row, widths)
	}
	return b.String()
}

// Markdown returns the table in Markdown, without the gaps.
func (t *Table) Markdown() string {
	var b strings.Builder
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(t.Header)
	rule := make([]string, len(t.Header))
	for i := range rule {
		rule[i] = "--:"
		if i < max(t.Words, 1) {
			rule[i] = ":--"
		}
	}
	row(rule)
	for _, r := range t.Rows {
		if len(r) > 0 {
			row(r)
		}
	}
	return b.String()
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (t *Table) line(b *strings.Builder, row []string, widths []int) {
	var line strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i > 0 {
			line.WriteString("  ")
		}
		if i < max(t.Words, 1) {
			line.WriteString(cell + pad)
		} else {
			line.WriteString(pad + cell)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}
