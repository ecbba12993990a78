// Package linecount counts the lines of code that the READMEs speak of.
package linecount

import (
	"go/parser"
	"go/scanner"
	"go/token"
)

// Code returns how many lines of Go source hold more than comments.
func Code(source []byte) int {
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

// Body returns Go source without its package clause and imports.
func Body(source []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	end := file.Name.End()
	if n := len(file.Decls); n > 0 { // they are imports
		end = file.Decls[n-1].End()
	}
	return source[files.Position(end).Offset:], nil
}
