// Package thriftx serves and calls the endpoints of a service over Apache Thrift. It is a
// module of its own, which brings Thrift's Go library.
//
// A service describes itself by a method Thrift. The IDL stays the contract: a [Mapping]
// converts requests to the struct of arguments that the compiler generates for a method,
// and a [ResultMapping] converts responses and declared exceptions to the struct of its
// result.
//
//	func (s *Add) Thrift(m *thriftx.Methods) {
//		m.Method("Sum", &s.Sum, sumArgs, sumResult)
//	}
//
//	calls := thriftx.NewServer()
//	err := thriftx.Register(calls, &Add{Sum: sum})
//	s.Add(server.Listen("Thrift", ":8083", calls)) // or calls.Serve(listener)
//
//	var c Add
//	err = thriftx.Client(thriftx.To("localhost:8083"), &c)
//
// Both ends speak one protocol, binary without frames by default; see [Speak].
//
// An exception that the IDL declares arrives as what its mapping makes of it. Every other
// error is a TApplicationException of type INTERNAL_ERROR, whose text has the code, the
// identity and the message, "NOT_FOUND shop/NO_ITEM: no such item", and no details.
//
// Deadlines and metadata travel with [Header] alone. A caller that gives up closes its
// connection, which ends the context of the handler with every protocol.
package thriftx
