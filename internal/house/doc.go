// Package house holds the checks of the project as a whole, all of them tests:
// what each package may import, what the public API is, what users' code must
// never need, that the snippets in the documents are compiled code, that each
// test file is named for a source file, and that no text names a place outside
// the project.
//
// The tests that compare with a file rewrite it under -update:
//
//	go test ./internal/house -run TestAPI -update
package house
