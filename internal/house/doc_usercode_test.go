package house

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUserCode holds the examples to the promise of the project: who writes a
// service, a client or a middleware writes no type assertion and no type
// argument of a function. Generated code is not looked at.
func TestUserCode(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var faults []string
	seen := make(map[string]bool)
	for _, m := range []string{"examples", "examples/services"} {
		pkgs := list(t, filepath.Join(root, filepath.FromSlash(m)), "-test", "-deps", "-export", "./...")
		exports := make(map[string]string)
		for _, p := range pkgs {
			exports[p.ImportPath] = p.Export
		}
		for _, p := range pkgs {
			if p.DepOnly || strings.HasSuffix(p.ImportPath, ".test") {
				continue
			}
			for _, f := range p.check(t, exports, seen) {
				faults = append(faults, strings.TrimPrefix(f, root+string(filepath.Separator)))
			}
		}
	}
	if len(seen) == 0 {
		t.Fatal("the examples have no code")
	}
	// A file that a build constraint leaves out would pass unread.
	for _, name := range tracked(t, root) {
		if strings.HasPrefix(name, "examples/") && strings.HasSuffix(name, ".go") &&
			!strings.Contains(name, "/testdata/") && !seen[filepath.Join(root, filepath.FromSlash(name))] {
			faults = append(faults, name+": in no package of this platform, so not checked")
		}
	}
	slices.Sort(faults)
	report(t, slices.Compact(faults), "users' code needs no type assertion and no type argument of a function")
}

// check returns the faults of the package and notes its files as seen. A
// package with tests comes a second time with its test files; that costs little.
func (p listed) check(t *testing.T, exports map[string]string, seen map[string]bool) []string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		name = filepath.Join(p.Dir, name)
		seen[name] = true
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	open := func(path string) (io.ReadCloser, error) {
		if mapped, ok := p.ImportMap[path]; ok {
			path = mapped
		}
		if exports[path] == "" {
			return nil, fmt.Errorf("go list names no export data of %q", path)
		}
		return os.Open(exports[path])
	}
	faults, err := longhand(fset, p.ImportPath, files, importer.ForCompiler(fset, "gc", open))
	if err != nil {
		t.Fatalf("%s: %v", p.ImportPath, err)
	}
	return faults
}

// longhand returns the places where the files spell out what the library
// promises to infer.
func longhand(fset *token.FileSet, path string, files []*ast.File, imports types.Importer) ([]string, error) {
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Uses:  make(map[*ast.Ident]types.Object),
	}
	conf := types.Config{Importer: imports}
	if _, err := conf.Check(path, fset, files, info); err != nil {
		return nil, err
	}
	var faults []string
	for _, file := range files {
		if ast.IsGenerated(file) {
			continue
		}
		c := code{info: info, test: strings.HasSuffix(fset.Position(file.FileStart).Filename, "_test.go")}
		ast.Inspect(file, func(n ast.Node) bool {
			if what := c.fault(n); what != "" {
				faults = append(faults, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
			}
			return true
		})
	}
	return faults, nil
}

// A code is a file that a user could have written.
type code struct {
	info *types.Info
	test bool // a test may name the type arguments of other modules' helpers
}

// fault says what the node spells out; "" for nothing.
func (c code) fault(n ast.Node) string {
	switch n := n.(type) {
	case *ast.TypeSwitchStmt:
		return "type switch"
	case *ast.TypeAssertExpr:
		if n.Type != nil { // x.(type) is told as a type switch
			return "type assertion"
		}
	case *ast.IndexExpr:
		return c.instance(n.X)
	case *ast.IndexListExpr:
		return c.instance(n.X)
	case *ast.CallExpr:
		return c.conversion(n)
	}
	return ""
}

// instance says so if x, which is indexed, is a generic function or method.
func (c code) instance(x ast.Expr) string {
	f, ok := c.info.Uses[name(x)].(*types.Func)
	if !ok || c.excused(f) {
		return ""
	}
	return "type arguments of the function " + f.Name()
}

// conversion says so if the call converts to a generic type, which is a call
// with type arguments all the same: Chain and the fields of a service take the
// plain function.
func (c code) conversion(call *ast.CallExpr) string {
	var generic ast.Expr
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.IndexExpr:
		generic = fun.X
	case *ast.IndexListExpr:
		generic = fun.X
	default:
		return ""
	}
	typ, ok := c.info.Uses[name(generic)].(*types.TypeName)
	if !ok || c.excused(typ) {
		return ""
	}
	return "type arguments in a conversion to " + typ.Name()
}

// excused reports whether the use of obj in this file says nothing of the
// library: it is in a test, and obj is another module's.
func (c code) excused(obj types.Object) bool {
	if !c.test || obj.Pkg() == nil {
		return false
	}
	_, isOwn := own(obj.Pkg().Path())
	return !isOwn
}

// name returns the identifier that x ends with; nil for other expressions.
func name(x ast.Expr) *ast.Ident {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		return x.Sel
	}
	return nil
}

// sample is what the sources of TestLonghand are written against.
const sample = `package sample

import (
	"errors"
	"slices"
)

type End[A, B any] func(A) (B, error)
type Middleware[A, B any] func(End[A, B]) End[A, B]
type Box[T any] struct{ v T }
type Pair[A, B any] struct { a A; b B }
type Layer struct{}

func (*Layer) Wrap[A, B any](next End[A, B]) End[A, B] { return next }
func Chain[A, B any](e End[A, B], mws ...Middleware[A, B]) End[A, B] { return e }
func Zero[T any]() (v T) { return v }
func NewLayer() *Layer { return &Layer{} }

func count(s string) (int, error) { return len(s), nil }

type failure struct{}
func (failure) Error() string { return "" }

var _ = slices.Sort[[]int]
var _ error = errors.New("")
var _ any = failure{}
`

func TestLonghand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, source string
		test         bool
		faults       []string
	}{
		{name: "type assertion", source: `func f(x any) { _ = x.(string) }`, faults: []string{"type assertion"}},
		{name: "type assertion with ok", source: `func f(x any) { _, _ = x.(string) }`, faults: []string{"type assertion"}},
		{name: "assertion to an interface", source: `func f(x any) { _ = x.(error) }`, faults: []string{"type assertion"}},
		{name: "type switch", source: `func f(x any) { switch x.(type) {} }`, faults: []string{"type switch"}},
		{name: "binding type switch", source: `func f(x any) { switch y := x.(type) { case int: _ = y } }`, faults: []string{"type switch"}},
		{name: "function called", source: `var x = Zero[int]()`, faults: []string{"type arguments of the function Zero"}},
		{name: "function as a value", source: `var f = Zero[int]`, faults: []string{"type arguments of the function Zero"}},
		{name: "function with two", source: `var f = Chain[string, int](count)`, faults: []string{"type arguments of the function Chain"}},
		{name: "function with the first", source: `var f = Chain[string](count)`, faults: []string{"type arguments of the function Chain"}},
		{name: "method", source: `var f = NewLayer().Wrap[string, int](count)`, faults: []string{"type arguments of the function Wrap"}},
		{name: "method as an argument", source: `var f = Chain(count, NewLayer().Wrap[string, int])`, faults: []string{"type arguments of the function Wrap"}},
		{name: "imported function", source: `var f = slices.Max[[]int]`, faults: []string{"type arguments of the function Max"}},
		{name: "conversion with one", source: `var x = Box[int](struct{ v int }{1})`, faults: []string{"type arguments in a conversion to Box"}},
		{name: "conversion with two", source: `var f = End[string, int](count)`, faults: []string{"type arguments in a conversion to End"}},
		{name: "inside a closure", source: `var f = func() int { return Zero[int]() }`, faults: []string{"type arguments of the function Zero"}},
		{name: "test: own function", test: true, source: `var x = Zero[int]()`, faults: []string{"type arguments of the function Zero"}},
		{name: "test: own conversion", test: true, source: `var f = End[string, int](count)`, faults: []string{"type arguments in a conversion to End"}},
		{name: "test: type assertion", test: true, source: `func f(x any) { _ = x.(string) }`, faults: []string{"type assertion"}},
		{name: "two on one line", source: `func f(x any) { _ = x.(int) + Zero[int]() }`, faults: []string{"type assertion", "type arguments of the function Zero"}},

		{name: "inferred function", source: `var f = Chain(count, NewLayer().Wrap)`},
		{name: "inferred method", source: `var f = NewLayer().Wrap(count)`},
		{name: "inferred by assignment", source: `var f End[string, int] = count`},
		{name: "type of a field", source: `type S struct { Count End[string, int] }`},
		{name: "type of a parameter", source: `func f(next End[string, int]) End[string, int] { return next }`},
		{name: "composite literals", source: `var x, y = []Box[int]{{1}}, Pair[int, string]{a: 1}`},
		{name: "make and new", source: `var x, y = make([]End[string, int], 2), new(Box[int])`},
		{name: "embedded type", source: `type S struct { Box[int] }`},
		{name: "generic function of one's own", source: `func first[T any](s ...T) T { return s[0] }; var x = first(1, 2)`},
		{name: "index of a slice of functions", source: `func f(fs []func() int) int { return fs[0]() }`},
		{name: "index of a map field", source: `func f(s struct{ m map[string]int }) int { return s.m["a"] }`},
		{name: "plain conversion", source: `var x = float64(1)`},
		{name: "test: another module's function", test: true, source: `var f = slices.Max[[]int]`},
		{name: "generated", source: "// Code generated by hand. DO NOT EDIT.\n\nfunc f(x any) { _ = x.(string) }"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := "code.go"
			if tt.test {
				file = "code_test.go"
			}
			sources := map[string]string{
				// The library's part is another file, and stands in a test so that
				// its own use of slices is excused.
				"sample_test.go": sample,
				file:             header(tt.source) + tt.source + "\n",
			}
			got := explain(t, sources)
			if !slices.Equal(got, tt.faults) {
				t.Errorf("faults of %q:\n got %q\nwant %q", tt.source, got, tt.faults)
			}
		})
	}
}

// header begins the file of a source. The line that marks a generated file
// must stand before the package clause.
func header(source string) string {
	var b strings.Builder
	if strings.HasPrefix(source, "//") {
		b.WriteString(strings.SplitAfter(source, "\n")[0] + "\n")
	}
	b.WriteString("package sample\n")
	if strings.Contains(source, "slices.") {
		b.WriteString("import \"slices\"\n")
	}
	return b.String()
}

// explain returns what longhand says of the sources, without positions.
func explain(t *testing.T, sources map[string]string) []string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		file, err := parser.ParseFile(fset, name, sources[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	faults, err := longhand(fset, module+"/examples/sample", files, importer.Default())
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range faults {
		_, faults[i], _ = strings.Cut(f, ": ")
	}
	return faults
}
