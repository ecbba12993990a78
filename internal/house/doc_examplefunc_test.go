package house

import (
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExamples demands of each public package an Example that runs: one whose
// output is compared.
func TestExamples(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var faults []string
	for _, p := range list(t, root, "./...") {
		folder, _ := own(p.ImportPath)
		if !isPublic(p.Name, folder) {
			continue
		}
		if !slices.ContainsFunc(slices.Concat(p.TestGoFiles, p.XTestGoFiles), func(file string) bool {
			return hasExample(t, file, read(t, p.Dir, file))
		}) {
			faults = append(faults, p.ImportPath)
		}
	}
	report(t, faults, "packages without an Example that has an Output comment")
}

// hasExample reports whether go test runs an Example of the file.
func hasExample(t *testing.T, name, source string) bool {
	t.Helper()
	if !strings.Contains(source, "func Example") {
		return false
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Base(name), source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(doc.Examples(file), func(e *doc.Example) bool {
		return e.Output != "" || e.EmptyOutput
	})
}

func TestHasExample(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, source string
		has          bool
	}{
		{"of a function", "func ExampleChain() {\n\tfmt.Println(1)\n\t// Output: 1\n}", true},
		{"of the package", "func Example() {\n\tfmt.Println(1)\n\t// Output:\n\t// 1\n}", true},
		{"in any order", "func ExampleChain() {\n\tfmt.Println(1)\n\t// Unordered output: 1\n}", true},
		{"no output", "func ExampleChain() {\n\t// Output:\n}", true},
		{"not run", "func ExampleChain() {\n\tfmt.Println(1)\n}", false},
		{"a test", "func TestChain(t *testing.T) {}", false},
		{"a helper", "func Examples() {\n\t// Output: 1\n}", false},
		{"a method", "func (x) Example() {\n\t// Output: 1\n}", false},
		{"in a comment", "// func ExampleChain() {}", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if has := hasExample(t, "x_test.go", "package x\n\n"+tt.source+"\n"); has != tt.has {
				t.Errorf("hasExample of %q = %v, want %v", tt.source, has, tt.has)
			}
		})
	}
}
