package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxNames is how many names the root package may export, not counting those of its
// Facts, nor those of requirements and proofs, for which users have package auth. Users read all of them, so a new one takes the place of another. Four are
// those of places: Admitter and its method, Stack.Split and Stack.Admit.
const maxNames = 161

// TestNames counts what the root package exports.
func TestNames(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, exported(f)...)
	}
	names = slices.DeleteFunc(names, isOfFacts)
	names = slices.DeleteFunc(names, isOfAuth)
	t.Logf("%d names", len(names))
	if len(names) > maxNames {
		slices.Sort(names)
		t.Errorf("the root package exports %d names, want at most %d:\n\t%s", len(names), maxNames, strings.Join(names, "\n\t"))
	}
}

// isOfFacts reports whether a name belongs to what services declare about their
// endpoints, which is counted apart.
func isOfFacts(name string) bool {
	typ, _, _ := strings.Cut(name, ".")
	return slices.Contains([]string{"Facts", "Fact", "Fails", "Idempotent", "Doc", "Deprecated"}, typ)
}

// isOfAuth reports whether a name belongs to what operations require of their callers,
// which is counted apart.
func isOfAuth(name string) bool {
	typ, _, _ := strings.Cut(name, ".")
	return slices.Contains([]string{"Requires", "Requirement", "Need", "Needs", "Scheme", "SchemeInfo", "Verifier", "Sender", "Proof"}, typ) ||
		slices.Contains([]string{"Operation.Require", "Call.Prove", "Call.ProofBy", "Call.Identity", "ErrUnauthenticated", "ErrScopeMissing"}, name)
}

// exported returns the names that users of a package see in a file of it: functions,
// types, variables, constants, and the methods of types and interfaces as "T.M".
// Fields do not count.
func exported(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, join(receiver(d), d.Name.Name))
		case *ast.GenDecl:
			for _, s := range d.Specs {
				names = append(names, specified(s)...)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		typ, method, isMethod := strings.Cut(name, ".")
		return !ast.IsExported(typ) || isMethod && !ast.IsExported(method)
	})
}

// specified returns the names of a declaration, exported or not.
func specified(s ast.Spec) []string {
	var names []string
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names = append(names, n.Name)
		}
	case *ast.TypeSpec:
		names = append(names, s.Name.Name)
		if i, ok := s.Type.(*ast.InterfaceType); ok {
			for _, m := range i.Methods.List { // an embedded one has no name
				for _, n := range m.Names {
					names = append(names, join(s.Name.Name, n.Name))
				}
			}
		}
	}
	return names
}

// receiver returns the name of the type that d is a method of, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func join(typ, name string) string {
	if typ == "" {
		return name
	}
	return typ + "." + name
}

func TestExported(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		source string
		want   []string
	}{
		"functions":              {"func F() {}\nfunc f() {}\nfunc G[T any]() {}", []string{"F", "G"}},
		"values":                 {"var A, b = 1, 2\nconst (\n\tC = iota\n\tD\n\te\n)", []string{"A", "C", "D"}},
		"types":                  {"type T struct{ F int }\ntype t struct{}\ntype U = T\ntype V[P any] []P", []string{"T", "U", "V"}},
		"methods":                {"type T int\nfunc (T) M() {}\nfunc (t *T) N() {}\nfunc (T) m() {}", []string{"T", "T.M", "T.N"}},
		"methods of a generic":   {"type T[P, Q any] int\nfunc (T[P, Q]) M() {}\ntype U[P any] int\nfunc (u *U[_]) N() {}", []string{"T", "T.M", "U", "U.N"}},
		"generic methods":        {"type T int\nfunc (T) M[P any](P) {}", []string{"T", "T.M"}},
		"methods of no one's":    {"type t int\nfunc (t) M() {}", nil},
		"interfaces":             {"type I interface{ M(); N(); m() }\ntype J interface{ I; O() }\ntype i interface{ M() }", []string{"I", "I.M", "I.N", "J", "J.O"}},
		"constraints":            {"type I interface{ ~int | ~string }", []string{"I"}},
		"nothing that is public": {"import \"io\"\nvar _ io.Reader", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+tt.source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if got := exported(f); !slices.Equal(got, tt.want) {
				t.Errorf("exported names: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestIsOfFacts(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]bool{
		"Facts": true, "Facts.Of": true, "Fact": true, "Fails": true, "Idempotent": true, "Doc": true,
		"Factor": false, "Docs": false, "Operation": false, "Operation.Fails": false,
	} {
		if got := isOfFacts(name); got != of {
			t.Errorf("isOfFacts(%q) = %v, want %v", name, got, of)
		}
	}
}
