package contractguide

import "github.com/typedkit/endpoint/jsonrpcx"

// JSONRPC describes the service to JSON-RPC.
func (s *Guests) JSONRPC(m *jsonrpcx.Methods) { m.Method("guests.add", &s.Add) }
