package profilesvc_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// goKit is the glue of the same service on go-kit, by the count that is kindest
// to it. Counted as below, but without the types and the imports, its
// transport.go and endpoints.go have 498 lines; its client over Consul comes on
// top of that.
const goKit = 437

// TestLinesOfCode counts what makes an API of the types and the store, on both
// ends: every line of api.go with code on it, the package clause and the imports
// included.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("api.go")
	require.NoError(t, err)
	n := codeLines(source)
	t.Logf("api.go has %d lines of code; go-kit's profilesvc has %d", n, goKit)
	require.LessOrEqual(t, n, 45)

	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), fmt.Sprintf("the %d lines of code in `api.go`", n))
}

// codeLines counts the lines of Go source that hold more than comments.
func codeLines(source []byte) int {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, text := s.Scan()
		switch {
		case tok == token.EOF:
			return len(lines)
		case tok == token.SEMICOLON && text == "\n": // one that nobody wrote
		default:
			lines[file.Line(pos)] = true
		}
	}
}

func TestCodeLines(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		"":                                    0,
		"// a\n\n/* b\nc */\n":                0,
		"package a\n":                         1,
		"package a // b\n\nvar (\n\tx = 1\n)": 4,
		"package a; var x = 1":                1,
	} {
		require.Equal(t, want, codeLines([]byte(source)), "%q", source)
	}
}
