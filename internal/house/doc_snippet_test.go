package house

import (
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// TestSnippets demands that each ```go block of the documents is code that
// compiles: the line before it names a Go file, or a region of one,
//
//	<!-- snippet: examples/quickstart/main.go#service -->
//
// and the block equals it. A region stands between the lines "// snippet:
// service" and "// end snippet"; blank lines keep them apart from the comment
// of a declaration. -update rewrites the blocks from the code.
//
// A document whose readers write the code into a module of their own names it once,
//
//	<!-- snippets: github.com/typedkit/endpoint/examples/quickstart as example.com/quickstart -->
//
// and the blocks below import that path.
func TestSnippets(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	code := os.DirFS(root)
	docs := 0
	for _, name := range tracked(t, root) {
		if !isDoc(name) {
			continue
		}
		docs++
		text := read(t, root, name)
		filled, faults := fill(code, text)
		for _, f := range faults {
			t.Errorf("%s:%v", name, f)
		}
		diff := changes(text, filled)
		switch {
		case diff == "" || len(faults) > 0:
		case *update:
			write(t, filepath.Join(root, filepath.FromSlash(name)), filled)
		default:
			t.Errorf("%s is not the code that it shows (- document, + code); rewrite it with -update:\n%s", name, diff)
		}
	}
	if docs == 0 {
		t.Error("no document found: there should be a README.md at least")
	}
}

// isDoc reports whether users read the file to learn the library.
func isDoc(name string) bool {
	return path.Base(name) == "README.md" || under(name, "docs") && path.Ext(name) == ".md"
}

var (
	fenceLine   = regexp.MustCompile("^[ \t]*(`{3,}|~{3,})[ \t]*([^\\s`{]*)")
	snippetLine = regexp.MustCompile(`^<!-- snippet: ([^ #]+\.go)(?:#([^ ]+))? -->$`)
	regionLine  = regexp.MustCompile(`^\s*// snippet: (\S+)$`)
	endLine     = regexp.MustCompile(`^\s*// end snippet$`)
	renameLine  = regexp.MustCompile(`^<!-- snippets: (\S+) as (\S+) -->$`)
)

// fill returns the document with its Go blocks taken from the code, and what is
// wrong with them, each fault beginning with its line.
func fill(code fs.FS, doc string) (string, []error) {
	var out strings.Builder
	var faults []error
	rename := func(source string) (string, error) { return source, nil }
	lines := strings.SplitAfter(doc, "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		if names := renameLine.FindStringSubmatch(strings.TrimRight(lines[i], "\r\n")); names != nil {
			rename = renamer(names[1], names[2])
		}
		fence := fenceLine.FindStringSubmatch(lines[i])
		if fence == nil {
			if snippetLine.MatchString(strings.TrimRight(lines[i], "\r\n")) && !fenceLine.MatchString(nextText(lines[i+1:])) {
				faults = append(faults, fmt.Errorf("%d: a snippet without a block below it", i+1))
			}
			continue
		}
		end := i + 1
		for end < len(lines) && !closes(lines[end], fence[1]) {
			end++
		}
		block := strings.Join(lines[i+1:end], "")
		if strings.EqualFold(fence[2], "go") || strings.EqualFold(fence[2], "golang") {
			text, err := snippet(code, lines, i)
			if err == nil {
				text, err = rename(text)
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("%d: %w", i+1, err))
			} else {
				block = text
			}
		}
		out.WriteString(block)
		if end == len(lines) {
			faults = append(faults, fmt.Errorf("%d: the block has no end", i+1))
			break
		}
		out.WriteString(lines[end])
		i = end
	}
	return out.String(), faults
}

// nextText returns the first line that is not blank, or "".
func nextText(lines []string) string {
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			return line
		}
	}
	return ""
}

// renamer returns a function that imports the packages of one path from another, in the
// order that gofmt gives to imports.
func renamer(from, to string) func(source string) (string, error) {
	return func(source string) (string, error) {
		renamed := strings.ReplaceAll(source, `"`+from, `"`+to)
		if renamed == source {
			return source, nil
		}
		text, err := format.Source([]byte(renamed))
		return string(text), err
	}
}

// closes reports whether the line ends a block that fence began.
func closes(line, fence string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, fence) && strings.Trim(line, fence[:1]) == ""
}

// snippet returns the text for the Go block that begins at line i.
func snippet(code fs.FS, lines []string, i int) (string, error) {
	if strings.TrimLeft(lines[i], " \t") != lines[i] {
		return "", errors.New("a Go block is indented: begin it at the start of the line")
	}
	var marker []string
	if i > 0 {
		marker = snippetLine.FindStringSubmatch(strings.TrimRight(lines[i-1], "\r\n"))
	}
	if marker == nil {
		return "", errors.New("a Go block without the line <!-- snippet: path.go#name --> directly before it")
	}
	source, err := fs.ReadFile(code, marker[1])
	if err != nil {
		return "", err
	}
	text, err := region(string(source), marker[2])
	if err != nil {
		return "", fmt.Errorf("%s: %w", marker[1], err)
	}
	return text, nil
}

// region returns the named region of a Go file, without the white space that
// all its lines begin with; all of the file for "". The lines that mark regions
// are left out.
func region(source, name string) (string, error) {
	var kept []string
	marked := false // the line before was a mark
	open, found := "", name == ""
	for line := range strings.Lines(source) {
		line = strings.TrimRight(line, "\r\n")
		start := regionLine.FindStringSubmatch(line)
		// Of the blank lines around a mark that is left out, one is enough.
		double := marked && line == "" && (len(kept) == 0 || kept[len(kept)-1] == "")
		marked = start != nil || endLine.MatchString(line)
		switch {
		case start != nil && open != "":
			return "", fmt.Errorf("the snippet %q begins inside %q", start[1], open)
		case start != nil && start[1] == name && found:
			return "", fmt.Errorf("two snippets %q", name)
		case start != nil:
			open = start[1]
			found = found || open == name
		case endLine.MatchString(line) && open == "":
			return "", errors.New("a snippet ends that has not begun")
		case endLine.MatchString(line):
			open = ""
		case double:
		case name == "" || open == name:
			kept = append(kept, line)
		}
	}
	if open != "" {
		return "", fmt.Errorf("the snippet %q has no end", open)
	}
	if !found {
		return "", fmt.Errorf("no snippet %q", name)
	}
	text := strings.Trim(strings.Join(dedent(kept), "\n"), "\n")
	if text == "" {
		return "", fmt.Errorf("the snippet %q is empty", name)
	}
	return text + "\n", nil
}

// dedent removes the white space that all lines with text begin with.
func dedent(lines []string) []string {
	margin, first := "", true
	for _, line := range lines {
		text := strings.TrimLeft(line, " \t")
		if text == "" {
			continue
		}
		indent := line[:len(line)-len(text)]
		if first {
			margin, first = indent, false
		}
		for !strings.HasPrefix(indent, margin) {
			margin = margin[:len(margin)-1]
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		if strings.TrimSpace(line) != "" {
			out[i] = strings.TrimPrefix(line, margin)
		}
	}
	return out
}

// snippetCode is the Go file that the documents of the tests show.
const snippetCode = `package main

// snippet: service

// A Service serves.
type Service struct {
	N int
}

// end snippet

func main() {
	// snippet: call
	if ok {

		call()
	}
	// end snippet
}
`

func TestFill(t *testing.T) {
	t.Parallel()
	code := fstest.MapFS{
		"a/main.go":    {Data: []byte(snippetCode)},
		"a/open.go":    {Data: []byte("// snippet: x\n")},
		"a/end.go":     {Data: []byte("// end snippet\n")},
		"a/nested.go":  {Data: []byte("// snippet: x\n// snippet: y\n// end snippet\n")},
		"a/twice.go":   {Data: []byte("// snippet: x\na\n// end snippet\n// snippet: x\nb\n// end snippet\n")},
		"a/nothing.go": {Data: []byte("// snippet: x\n\n// end snippet\n")},
		"a/import.go":  {Data: []byte("package main\n\nimport (\n\t\"a.b/c\"\n\t\"a.b/y/x\"\n)\n")},
	}
	const service = "// A Service serves.\ntype Service struct {\n\tN int\n}\n"
	mark := func(place string) string { return "<!-- snippet: " + place + " -->\n" }
	for _, tt := range []struct {
		name, doc string
		want      string // the document after -update; "" for as it was
		fault     string
	}{
		{name: "equal", doc: mark("a/main.go#service") + "```go\n" + service + "```\n"},
		{name: "no Go block", doc: "# Title\n\n```sh\ngo test ./...\n```\n"},
		{name: "other text kept", doc: "a\n\n" + mark("a/main.go#service") + "```go\n" + service + "```\n\nb"},
		{name: "Go inside a longer block", doc: "````md\n```go\nx\n```\n````\n"},
		{
			name: "other code",
			doc:  mark("a/main.go#service") + "```go\ntype Service struct{}\n```\nb\n",
			want: mark("a/main.go#service") + "```go\n" + service + "```\nb\n",
		},
		{
			name: "empty block", doc: mark("a/main.go#service") + "```go\n```\n",
			want: mark("a/main.go#service") + "```go\n" + service + "```\n",
		},
		{
			name: "dedented, blank line kept", doc: mark("a/main.go#call") + "```go\n```\n",
			want: mark("a/main.go#call") + "```go\nif ok {\n\n\tcall()\n}\n```\n",
		},
		{
			name: "whole file without marks", doc: mark("a/main.go") + "~~~ go\n~~~\n",
			want: mark("a/main.go") + "~~~ go\npackage main\n\n" + service + "\nfunc main() {\n\tif ok {\n\n\t\tcall()\n\t}\n}\n~~~\n",
		},
		{
			name: "two blocks", doc: mark("a/main.go#service") + "```go\n```\n" + mark("a/main.go#call") + "```go\n```\n",
			want: mark("a/main.go#service") + "```go\n" + service + "```\n" +
				mark("a/main.go#call") + "```go\nif ok {\n\n\tcall()\n}\n```\n",
		},

		{
			name: "another module", doc: "<!-- snippets: a.b/y as a.a -->\n" + mark("a/import.go") + "```go\n```\n" + mark("a/main.go#service") + "```go\n```\n",
			want: "<!-- snippets: a.b/y as a.a -->\n" + mark("a/import.go") + "```go\npackage main\n\nimport (\n\t\"a.a/x\"\n\t\"a.b/c\"\n)\n```\n" +
				mark("a/main.go#service") + "```go\n" + service + "```\n",
		},

		{name: "no marker", doc: "```go\nx\n```\n", fault: "1: a Go block without"},
		{name: "no marker, other case", doc: "a\n```Go\nx\n```\n", fault: "2: a Go block without"},
		{name: "no marker, info string", doc: "```go title=\"x\"\nx\n```\n", fault: "1: a Go block without"},
		{name: "no marker, tildes", doc: "~~~go\nx\n~~~\n", fault: "1: a Go block without"},
		{name: "no marker after another block", doc: "```sh\n```\n```go\nx\n```\n", fault: "3: a Go block without"},
		{name: "marker too far", doc: mark("a/main.go#service") + "\n```go\n" + service + "```\n", fault: "3: a Go block without"},
		{name: "marker of no Go file", doc: mark("a/main.txt") + "```go\n```\n", fault: "2: a Go block without"},
		{name: "indented", doc: "- a\n" + mark("a/main.go") + "  ```go\n  x\n  ```\n", fault: "3: a Go block is indented"},
		{name: "deeply indented", doc: "1. a\n\n      ```go\n      x\n      ```\n", fault: "3: a Go block is indented"},
		{name: "no file", doc: mark("a/none.go#x") + "```go\n```\n", fault: "2: open a/none.go"},
		{name: "outside the project", doc: mark("../none.go#x") + "```go\n```\n", fault: "2: open ../none.go"},
		{name: "no block", doc: mark("a/main.go#service") + "\nText.\n", fault: "1: a snippet without a block below it"},
		{name: "no block at the end", doc: mark("a/main.go#service"), fault: "1: a snippet without a block below it"},
		{name: "no region", doc: mark("a/main.go#none") + "```go\n```\n", fault: `2: a/main.go: no snippet "none"`},
		{name: "region without end", doc: mark("a/open.go#x") + "```go\n```\n", fault: `2: a/open.go: the snippet "x" has no end`},
		{name: "end without region", doc: mark("a/end.go#x") + "```go\n```\n", fault: "2: a/end.go: a snippet ends that has not begun"},
		{name: "region in a region", doc: mark("a/nested.go#x") + "```go\n```\n", fault: `2: a/nested.go: the snippet "y" begins inside "x"`},
		{name: "region twice", doc: mark("a/twice.go#x") + "```go\n```\n", fault: `2: a/twice.go: two snippets "x"`},
		{name: "region of blank lines", doc: mark("a/nothing.go#x") + "```go\n```\n", fault: `2: a/nothing.go: the snippet "x" is empty`},
		{name: "block without end", doc: mark("a/main.go#service") + "```go\nx\n", fault: "2: the block has no end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, faults := fill(code, tt.doc)
			if tt.fault != "" {
				if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), tt.fault) {
					t.Errorf("faults of %q: got %q, want one that begins %q", tt.doc, faults, tt.fault)
				}
				return
			}
			want := tt.want
			if want == "" {
				want = tt.doc
			}
			if got != want || len(faults) > 0 {
				t.Errorf("document %q:\n got %q, faults %q\nwant %q", tt.doc, got, faults, want)
			}
			if again, _ := fill(code, got); again != got {
				t.Errorf("a second update changes %q to %q", got, again)
			}
		})
	}
}

func TestIsDoc(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]bool{
		"README.md": true, "docs/layout.md": true, "docs/guide/retry.md": true,
		"examples/services/addsvc/README.md": true, "CHANGELOG.md": false, "docs/plot.svg": false,
		"examples/services/addsvc/notes.md": false, "httpx/README.md": true, "httpx/notes.md": false, "docsx/a.md": false,
	} {
		if got := isDoc(name); got != doc {
			t.Errorf("isDoc(%q) = %v, want %v", name, got, doc)
		}
	}
}
