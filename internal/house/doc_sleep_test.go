package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSleeps lets tests sleep in a testing/synctest bubble only, where time is
// fake. A helper that is called from bubbles says so with the word "bubble" in
// its comment.
func TestSleeps(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var faults []string
	for _, name := range tracked(t, root) {
		if !strings.HasSuffix(name, "_test.go") || strings.Contains(name, "testdata/") {
			continue
		}
		found, err := sleeps(name, read(t, root, name))
		if err != nil {
			t.Error(err)
		}
		faults = append(faults, found...)
	}
	report(t, faults, "a test that sleeps is slow or flaky; wait for an event, or sleep in a synctest bubble")
}

// sleeps returns the places where the test file sleeps in real time.
func sleeps(name, source string) ([]string, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, filepath.FromSlash(name), source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var faults []string
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && strings.Contains(f.Doc.Text(), "bubble") {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && refers(file, call.Fun, "testing/synctest", "Test") {
				return false
			}
			if e, ok := n.(ast.Expr); ok && refers(file, e, "time", "Sleep") {
				faults = append(faults, fmt.Sprintf("%s: time.Sleep outside a bubble", fset.Position(n.Pos())))
			}
			return true
		})
	}
	return faults, nil
}

// refers reports whether e is the named object of an imported package.
func refers(file *ast.File, e ast.Expr, path, object string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != object {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		local := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		return spec.Path.Value == `"`+path+`"` && x.Name == local
	})
}

func TestSleepsFound(t *testing.T) {
	t.Parallel()
	const imports = "package p\nimport (\"testing\"; \"testing/synctest\"; \"time\"; clock \"time\")\n"
	for _, tt := range []struct {
		name, source string
		faults       int
	}{
		{"in a test", `func TestX(t *testing.T) { time.Sleep(1) }`, 1},
		{"under another name", `func TestX(t *testing.T) { clock.Sleep(1) }`, 1},
		{"as a value", `var wait = time.Sleep`, 1},
		{"in a closure", `func TestX(t *testing.T) { go func() { time.Sleep(1) }() }`, 1},
		{"after a bubble", `func TestX(t *testing.T) { synctest.Test(t, func(*testing.T) {}); time.Sleep(1) }`, 1},
		{"twice", `func TestX(t *testing.T) { time.Sleep(1); time.Sleep(2) }`, 2},
		{"in a bubble", `func TestX(t *testing.T) { synctest.Test(t, func(*testing.T) { time.Sleep(1) }) }`, 0},
		{"deep in a bubble", `func TestX(t *testing.T) { synctest.Test(t, func(*testing.T) { go func() { time.Sleep(1) }() }) }`, 0},
		{"in a helper for bubbles", "// slow runs in a bubble.\nfunc slow() { time.Sleep(1) }", 0},
		{"another Sleep", `type nap struct{}; func (nap) Sleep(int) {}; func f(time nap, n nap) { n.Sleep(1) }`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faults, err := sleeps("x_test.go", imports+tt.source+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) != tt.faults {
				t.Errorf("sleeps in %q: got %q, want %d", tt.source, faults, tt.faults)
			}
		})
	}
}
