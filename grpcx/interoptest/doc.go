// Package interoptest has the tests of grpcx that need other modules: the client
// of gRPC's interoperability tests, and grpcurl. It is a module of its own, so
// that no user of the library downloads them.
package interoptest
