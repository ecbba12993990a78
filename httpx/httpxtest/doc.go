// Package httpxtest tests services of package httpx in process, without a socket.
//
//   - [Client] makes a typed client of a service, for tests of handlers.
//   - [Check] sends a service requests that it made from the service's declaration, and
//     finds what the declaration and the implementation disagree on.
package httpxtest
