// Package echopb is the service that the tests and the measurements of gRPC
// call, generated from echo.proto.
package echopb

//go:generate go tool -modfile=../../tools/go.mod buf generate
