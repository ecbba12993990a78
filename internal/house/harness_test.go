package house

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path of the main module.
const module = "github.com/typedkit/endpoint"

var update = flag.Bool("update", false, "rewrite the files that the tests compare with")

// checkout returns the root folder of the project. These tests are about the
// project's own tree: in a copy without one, such as the module cache of a
// user who runs `go test all`, there is nothing to check.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		missing(t, "this is no checkout of the project: %v", err)
	}
	lookAround(t, root)
	return root
}

// lookAround opens every folder of the project. What these tests learn from go
// and git they learn from other processes, which go test does not see; it would
// take an old result from its cache after a change. With the folders opened, a
// file that is added, removed or changed makes it run them again.
func lookAround(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// missing ends a test that lacks something: with a skip for a developer, as a
// failure where ENDPOINT_CI is set, so that CI skips nothing in silence.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ENDPOINT_CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// command runs a program in dir and returns what it wrote to standard output.
// The workspace is off: each module is looked at as its users get it.
func command(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// A listed package is one that `go list -json` prints.
type listed struct {
	ImportPath   string
	Name         string
	Dir          string
	Export       string
	ForTest      string
	DepOnly      bool
	Standard     bool
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	XTestGoFiles []string
	ImportMap    map[string]string
	Deps         []string
}

// list runs `go list` in dir.
func list(t *testing.T, dir string, args ...string) []listed {
	t.Helper()
	const fields = "-json=ImportPath,Name,Dir,Export,ForTest,DepOnly,Standard,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,ImportMap,Deps"
	out := command(t, dir, "go", append([]string{"list", fields}, args...)...)
	var pkgs []listed
	for dec := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := json.UnmarshalDecode(dec, &p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("go list %v: %v", args, err)
		}
		pkgs = append(pkgs, p)
	}
}

// own returns the folder of a package of this project, "." for its root, and
// whether the package is one.
func own(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// under reports whether folder is dir or lies in it.
func under(folder, dir string) bool {
	return folder == dir || strings.HasPrefix(folder, dir+"/")
}

// isInternal reports whether other modules cannot import the package.
func isInternal(folder string) bool {
	return slices.Contains(strings.Split(folder, "/"), "internal")
}

// tracked returns the files of the project, slash-separated from its root:
// those that git has and those that it would add.
func tracked(t *testing.T, root string) []string {
	t.Helper()
	// In CI the folder may belong to another user; git refuses it unless told.
	out := command(t, root, "git", "-c", "safe.directory=*",
		"ls-files", "-z", "--cached", "--others", "--exclude-standard")
	var files []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name == "" {
			continue
		}
		// A file that was deleted and not committed is still in the index.
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		t.Fatal("git lists no files")
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// read returns the text of a file of the project.
func read(t *testing.T, root, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// report fails the test with each fault on a line of its own.
func report(t *testing.T, faults []string, rule string) {
	t.Helper()
	if len(faults) > 0 {
		t.Errorf("%s:\n\t%s", rule, strings.Join(faults, "\n\t"))
	}
}

// changes shows two texts' lines between their first and last difference, as a
// diff does: "-" for want, "+" for got. It is empty for equal texts.
func changes(want, got string) string {
	if want == got {
		return ""
	}
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	first := 0
	for first < len(w) && first < len(g) && w[first] == g[first] {
		first++
	}
	w, g = w[first:], g[first:]
	for len(w) > 0 && len(g) > 0 && w[len(w)-1] == g[len(g)-1] {
		w, g = w[:len(w)-1], g[:len(g)-1]
	}
	var b strings.Builder
	for _, line := range w {
		b.WriteString("-" + strings.TrimSuffix(line, "\n") + "\n")
	}
	for _, line := range g {
		b.WriteString("+" + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

func TestChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want, got, shown string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"a line differs", "a\nb\nc\n", "a\nx\nc\n", "-b\n+x\n"},
		{"a line more", "a\nc\n", "a\nb\nc\n", "+b\n"},
		{"a line less", "a\nb\nc\n", "a\nc\n", "-b\n"},
		{"a repeated line more", "a\na\n", "a\na\na\n", "+a\n"},
		{"no newline at the end", "a\nb", "a\nb\n", "-b\n+b\n+\n"},
		{"from nothing", "", "a\n", "+a\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if shown := changes(tt.want, tt.got); shown != tt.shown {
				t.Errorf("changes(%q, %q) = %q, want %q", tt.want, tt.got, shown, tt.shown)
			}
		})
	}
}

func TestOwn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, folder string
		own          bool
	}{
		{module, ".", true},
		{module + "/httpx/httpxtest", "httpx/httpxtest", true},
		{module + "x", module + "x", false},
		{"net/http", "net/http", false},
	} {
		if folder, ok := own(tt.path); folder != tt.folder || ok != tt.own {
			t.Errorf("own(%q) = %q, %v, want %q, %v", tt.path, folder, ok, tt.folder, tt.own)
		}
	}
}
