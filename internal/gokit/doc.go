// Package gokit tests the statements of docs/from-go-kit.md against go-kit v0.13.0: clients
// of one library call services of the other, and concepts of both are used side by side.
// It is a module of its own, so that the library does not depend on go-kit. Tidying its
// go.mod tests that both fit in one go.mod.
package gokit
