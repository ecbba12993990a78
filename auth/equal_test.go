package auth

import (
	"crypto/sha256"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEqual compares secrets.
func TestEqual(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"", "", false}, {"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"", "a", false}} {
		require.Equal(t, tt.want, Equal(tt.a, tt.b), "%q, %q", tt.a, tt.b)
	}
}

// TestKeys finds keys wherever they are.
func TestKeys(t *testing.T) {
	t.Parallel()
	digests := [][sha256.Size]byte{digest("a"), digest("b"), digest("c")}
	for i, key := range []string{"a", "b", "c"} {
		require.Equal(t, i, indexOf(digests, digest(key)))
	}
	require.Equal(t, -1, indexOf(digests, digest("d")))
	require.Equal(t, -1, indexOf(nil, digest("a")))
}

// TestConstantTime has the comparisons of secrets call crypto/subtle and take no branch
// that depends on a secret: no if, no switch, no &&, no return but one.
func TestConstantTime(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "equal.go", nil, 0)
	require.NoError(t, err)
	seen := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Equal" && f.Name.Name != "indexOf" {
			continue
		}
		seen++
		calls, returns := 0, 0
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if n.Sel.Name == "ConstantTimeCompare" {
					calls++
				}
			case *ast.ReturnStmt:
				returns++
			case *ast.IfStmt, *ast.SwitchStmt, *ast.BranchStmt:
				t.Errorf("%s has a branch", f.Name.Name)
			case *ast.BinaryExpr:
				if n.Op == token.LAND || n.Op == token.LOR {
					t.Errorf("%s has a condition of two parts", f.Name.Name)
				}
			}
			return true
		})
		require.Equal(t, 1, calls, f.Name.Name)
		require.Equal(t, 1, returns, f.Name.Name)
	}
	require.Equal(t, 2, seen)
}
