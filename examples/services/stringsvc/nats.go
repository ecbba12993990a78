package stringsvc

import "github.com/typedkit/endpoint/natsx"

// NATS describes the service to NATS. The processes that serve it are the queue group
// stringsvc, so each request goes to one of them.
func (s *Strings) NATS(m *natsx.Methods) {
	m.Method("stringsvc.uppercase", &s.Uppercase, natsx.Fails(ErrEmpty), natsx.Idempotent())
	m.Method("stringsvc.count", &s.Count, natsx.Idempotent())
}
