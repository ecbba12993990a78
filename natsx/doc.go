// Package natsx is the transport NATS: requests with a reply, and response streams.
//
// A service describes itself by a method NATS, which names the subject of each endpoint:
//
//	func (s *Add) NATS(m *natsx.Methods) {
//		m.Method("addsvc.sum", &s.Sum)
//		m.ServerStream("addsvc.primes", &s.Primes)
//	}
//
// On a server, [Register] adds the service to a [Server], which subscribes to the
// subjects on a connection of the program. The subject without its last token is the
// queue group, so that NATS gives each request to one of the processes that serve it. On
// the other side, [Client] sets the same struct to calls over a connection ([To]).
//
// # What goes over NATS
//
// A request and a response have the message as data, in the format that the header
// Content-Type names: JSON by default. A request without that header is read in the
// first format of the server, so that plain requests of any client of NATS are served.
// The metadata of a call are headers with lower-case keys. The values of keys that end in
// "-bin" are in base64.
//
// The header Endpoint-Timeout-Ms has the remaining time of a request in milliseconds.
//
// An error has the header Endpoint-Error, "CODE domain/reason", and a problem document
// (RFC 9457) as data. It also has the headers of errors of the micro framework of NATS,
// Nats-Service-Error and Nats-Service-Error-Code. A client reads these from a service
// that is not one of this package.
//
// A response stream is a series of replies to one request. The header Endpoint-Stream is
// item, heartbeat, error or end, and Endpoint-Seq numbers items and the end or error from
// 1. A heartbeat has the number of the last reply. It is sent after five seconds without
// another reply.
//
// # Limits
//
// NATS does not tell a server that a caller has given up on a request: the handler runs
// until its deadline. It does so for response streams. The server learns of it with the
// next item or heartbeat. NATS has no flow control either. A client keeps the items that
// its loop has not taken yet, within [PendingLimits]. Beyond that the stream ends with
// the code Unavailable.
//
// Request streams are not part of this transport. Omit such endpoints with [Methods.Omit].
package natsx
