package addsvc_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLinesOfCode counts what the README of the project shows: the service, a
// server and a client on both transports, without the maps to messages.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	n := 0
	for file, name := range map[string]string{"addsvc.go": "service", "cmd/addsvc/parts.go": "server", "example_test.go": "client"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		region := regexp.MustCompile(`(?s)// snippet: ` + name + `\n(.*?)// end snippet`).FindSubmatch(source)
		require.NotNil(t, region, "no snippet %q in %s", name, file)
		lines := codeLines(region[1])
		t.Logf("%s of %s: %d lines of code", name, file, lines)
		n += lines
	}
	t.Logf("%d lines of code", n)
	require.Less(t, n, 40)

	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(readme), fmt.Sprintf("%d lines of code", n)), "README.md names another number than %d", n) //nolint:testifylint // it would print all of it
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
