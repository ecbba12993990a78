package programtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tutorial is a document that builds programs from an empty folder.
type tutorial struct {
	*Shell

	code  string // the folder of the code that it shows, from the root of the repository
	gomod string // the file go.mod of that code
}

var (
	snippetsLine = regexp.MustCompile(`^<!-- snippets: github\.com/typedkit/endpoint/(\S+) as \S+ -->$`)
	snippetLine  = regexp.MustCompile(`^<!-- snippet: ([^ #]+\.go)(?:#\S+)? -->$`)
)

// Follow does in an empty folder what a document tells its reader to do. The document has
//
//   - the line <!-- snippets: PATH as MODULE -->: the path of its code in the repository, and
//     the module of the reader;
//   - blocks of Go, each of which goes to the end of the file that the line before it names,
//     unless that is the file of a test;
//   - the commands of a README;
//   - blocks of "text", whose lines are in the log of the program with the attribute
//     listen=ADDRESS, or of the last one. A "…" stands for any text.
//
// What gomod requires takes the place of published modules. Follow returns the shell with what
// still runs.
func Follow(t *testing.T, document, gomod string, other func(t *testing.T, c Command) (readme, addr string)) *Shell {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	f := &tutorial{Shell: NewShell(t), gomod: gomod}
	f.root, f.Other = t.TempDir(), other
	rest := string(text)
	for {
		prose, block, found := strings.Cut(rest, "\n```")
		f.follow(t, prose)
		if !found {
			return f.Shell
		}
		code, after, ended := strings.Cut(block, "\n```\n")
		require.True(t, ended, "the block has no end: %s", block)
		language, code, _ := strings.Cut(code, "\n")
		f.block(t, language, prose[strings.LastIndexByte(prose, '\n')+1:], code+"\n")
		rest = after
	}
}

// follow runs the commands of a text without blocks.
func (f *tutorial) follow(t *testing.T, prose string) {
	t.Helper()
	for line := range strings.Lines(prose) {
		if m := snippetsLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			f.code = m[1]
		}
	}
	for _, c := range parse(prose, nil) {
		if slices.Equal(c.Args, []string{"go", "mod", "tidy"}) {
			f.require(t)
		}
		f.Run(t, c)
	}
}

// relative finds the folders of modules in the lines of replace of a go.mod.
var relative = regexp.MustCompile(`=> (\.\S*)`)

// require makes the reader's module require what go.mod does, with the same checksums.
func (f *tutorial) require(t *testing.T) {
	t.Helper()
	dir, err := filepath.Abs(filepath.Dir(f.gomod))
	require.NoError(t, err)
	_, requirements, _ := strings.Cut(read(t, f.gomod), "\n")
	requirements = relative.ReplaceAllStringFunc(requirements, func(line string) string {
		return "=> " + filepath.Join(dir, strings.TrimPrefix(line, "=> "))
	})
	module, _, _ := strings.Cut(read(t, f.path("go.mod")), "\n")
	require.NoError(t, os.WriteFile(f.path("go.mod"), []byte(module+"\n"+requirements), 0o600))
	require.NoError(t, os.WriteFile(f.path("go.sum"), []byte(read(t, filepath.Join(dir, "go.sum"))), 0o600))
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// block writes code, or awaits lines of a log. before is the line before the block.
func (f *tutorial) block(t *testing.T, language, before, text string) {
	t.Helper()
	switch language {
	case "go":
		m := snippetLine.FindStringSubmatch(before)
		require.NotNil(t, m, "the line before a block of Go is %q", before)
		name, ok := strings.CutPrefix(m[1], f.code+"/")
		require.True(t, ok, "%s is not in the folder %q", m[1], f.code)
		if !strings.HasSuffix(name, "_test.go") {
			f.write(t, name, text)
		}
	case "text":
		for line := range strings.Lines(text) {
			f.await(t, strings.TrimSuffix(line, "\n"))
		}
	default:
		t.Fatalf("the test does not know blocks of %q", language)
	}
}

// write writes code to the end of a file.
func (f *tutorial) write(t *testing.T, name, code string) {
	t.Helper()
	file := f.path(name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	if _, err := os.Stat(file); err == nil {
		code = read(t, file) + "\n" + code
	}
	require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
}

// await waits for a line in a log. The addresses of the document match any.
func (f *tutorial) await(t *testing.T, line string) {
	t.Helper()
	require.NotEmpty(t, f.jobs, "no program runs")
	j := f.jobs[len(f.jobs)-1]
	pattern := strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*")
	for _, at := range f.jobs {
		for _, addr := range at.addresses() {
			if strings.Contains(line, "listen="+addr+" ") {
				j = at
			}
			pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(addr), `\S+`)
		}
	}
	j.AwaitMatch(t, regexp.MustCompile("^"+pattern+"$"))
}

// addresses returns those of the document; none for a job that was stopped.
func (j *job) addresses() []string {
	if j == nil {
		return nil
	}
	return j.addrs
}
