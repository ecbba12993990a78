// Package endpoint is the typed core of a toolkit for services.
//
// An [Endpoint] is one remote procedure: a function from a request to a
// response or an error. A service is a struct whose fields are endpoints. The
// same struct is the implementation on a server, the calls on a client and the
// source of the document; the packages httpx and grpcx bind it to a wire.
//
// What decorates an endpoint comes in two currencies:
//
//   - A [Middleware] is typed: it sees the request and the response. It
//     composes with [Chain] around one endpoint.
//   - A [Layer] is untyped: it sees the context and the error. It composes in a
//     [Stack] around one endpoint, a whole service, a client or a pool, and
//     costs no allocation.
//
// Every policy of the toolkit is both: a Layer with a generic method Wrap,
// which is a Middleware of any endpoint.
//
// Errors that callers may match are declared once with [Define]. They have a
// [Code], a domain and a reason, and keep all three over every transport, so
// errors.Is holds in the client's process as it does in the server's.
//
// The package imports the standard library only, and never net/http.
package endpoint
