// Package addsvc is the code of docs/from-go-kit.md: go-kit's example of that name, and the
// four steps from there to this library. Its test has the same clients call all of them.
package addsvc
