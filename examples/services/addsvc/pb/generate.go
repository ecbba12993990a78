// Package pb has the messages of addsvc over gRPC, generated from add.proto, and
// the stubs with which programs without this library call and serve it.
package pb
