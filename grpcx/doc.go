// Package grpcx binds services to gRPC: servers with [Register], clients with
// [Client], from one description that both share.
//
// A service is a pointer to a struct of endpoints with one method:
//
//	func (s *Add) GRPC(m *grpcx.Methods) {
//		m.Service("pb.Add")
//		m.UnaryAs("Sum", &s.Sum, sumRequest, sumReply)
//	}
//
// Register reads the fields and registers them on a grpc.ServiceRegistrar, such
// as a *grpc.Server, beside whatever generated code registered there. Client
// writes the fields: they become the calls.
//
// # Messages
//
// An endpoint whose types are messages of protobuf (pointers, as protoc-gen-go
// makes them) speaks protobuf. One whose types are the domain's own does so
// through a [Mapping] to messages and back. One with plain Go types and no
// Mapping speaks JSON, with the content-subtype "json" and no .proto file;
// [Formats] and [Codec] set other formats.
//
// # Errors
//
// Errors are google.rpc.Status with details: ErrorInfo for the domain and the
// reason of the endpoint.Error, BadRequest, RetryInfo and Help. They come back
// as the same error in the client's process: errors.Is holds there.
//
// An error of google.golang.org/grpc/status that a handler returns keeps its
// code, its message and its details, as it does on any gRPC server; outside
// this package such an error has no code.
package grpcx
