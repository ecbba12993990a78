// Package netrpcx serves and calls services over the protocol of net/rpc, with gob or JSON,
// so that peers that use net/rpc or net/rpc/jsonrpc need no change.
//
// A service describes itself by one method, beside those for other transports:
//
//	func (s *Add) RPC(m *netrpcx.Methods) {
//		m.Method("Add.Sum", &s.Sum)
//	}
//
//	s, err := netrpcx.NewServer(svc, netrpcx.Use(layers...))       // a part of package server
//	err = netrpcx.Client(netrpcx.To("localhost:8083"), &c)
//
// An error goes over the wire as the text "CODE domain/reason: message", or "CODE: message"
// without an identity, and comes back as the same error. Any other text is of code Unknown.
//
// The protocol has no metadata, no deadline, no cancellation and no streams, and an error has
// no details. The headers of endpoint.WithHeader are not sent. A call whose context ends is
// abandoned by its client, and goes on in the server until the connection ends.
//
// With gob, a message has the rules of encoding/gob: names of fields in Go, no zero values,
// and text methods are not called. With JSON, it has those of codec.JSON, and the names of the
// tags. Peers that use encoding/json read and write the same, but for a time.Duration.
package netrpcx
