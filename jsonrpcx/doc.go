// Package jsonrpcx serves and calls services over JSON-RPC 2.0 on HTTP.
//
// A service describes itself by one method, beside those for other transports:
//
//	func (s *Add) JSONRPC(m *jsonrpcx.Methods) {
//		m.Method("sum", &s.Sum)
//		m.Method("concat", &s.Concat, jsonrpcx.Fails(ErrTooLong))
//	}
//
//	err := jsonrpcx.Mount(router, "/rpc", svc)                            // on a server
//	err = jsonrpcx.Client(httpx.To("http://localhost:8080/rpc"), &c)      // on a client
//
// A server takes all that the specification has: batches, notifications, ids of every
// kind, params by name and by position. The members of a request type are the names, and
// the order of its fields is the order of the positions. A null at a position stands for a
// member that is absent. A request that is a list takes its items as params by position;
// one that is a single value is the only param by position.
//
// An error has the code -32602 if the params cannot be read, and -32000 minus the number of
// its endpoint.Code otherwise, so that NotFound is -32005. Its message is that for the
// caller; its data are the problem document of package httpx without the members type,
// title, status and detail. The status of HTTP is 200 for results and errors, and 204 for
// notifications. A request that HTTP itself rejects, such as one with too large a body,
// has the status of HTTP and an error with the id null.
//
// The method rpc.discover answers with an OpenRPC document of the methods, unless the option
// [NoDiscover] is given. It runs the layers of the service.
//
// Metadata of a call are HTTP headers. A call in a batch gets those of the request, and its
// reply has none. Streams are not part of this transport.
package jsonrpcx
