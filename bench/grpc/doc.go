// Grpc measures what a typed endpoint over gRPC costs: its server, its client,
// and its streams, beside generated code on grpc-go and beside other libraries.
// README.md of the module says how to run it and how to read it.
package main
