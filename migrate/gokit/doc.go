// Package gokit moves services from go-kit v0.13 to this library one endpoint at a time:
// what belongs to one of the two works inside the other.
//
//	gokit.Set(&svc.Sum, kitEndpoint)                                  // an endpoint of go-kit in a typed field
//	svc.Sum = endpoint.Chain(svc.Sum, gokit.From(kitMiddleware).Wrap) // a middleware of go-kit around a typed endpoint
//	kitEndpoint = gokit.ToKit(svc.Sum)                                // a typed endpoint for a server of go-kit
//	kitEndpoint = gokit.Layers(breaker, limiter)(kitEndpoint)         // layers around an endpoint of go-kit
//
// All type arguments are inferred. go-kit passes requests and responses as values of type
// any, so a value may be of another type than the typed side wants. Then the call fails with
// [ErrType], which names both types. It does not panic, even if the code of go-kit does because
// of the type of the request.
//
// # Nil
//
// The response nil of go-kit stands for [endpoint.Empty], and so do a nil request and the
// response of go-kit's endpoint.Nop. For other types, nil is a value of the wrong type.
//
// # Errors
//
// From go-kit: a response that is a Failer with an error, such as go-kit's services return, is
// the error of the call. An error with a method StatusCode() int has the code of that status, and
// the Retry-After of its Headers. ErrLimited, gobreaker.ErrOpenState, ErrTooManyRequests and
// ErrNoEndpoints are those of this library, and match both by errors.Is. An error in a Failer that
// says no code is [endpoint.FailedPrecondition], because in go-kit it is not a failure of the server.
// Any other error stays as it is, so its code is [endpoint.Internal].
//
// To go-kit: an [*endpoint.Error] that leaves an endpoint of [ToKit] or [Layers] has the methods
// StatusCode, Headers and ErrorCode, which the encoders of go-kit ask. Its text is that for the
// caller, because the encoders send the text. Compare it with errors.Is instead of ==. Any
// other error stays as it is.
//
// # Beside this package
//
// The packages gokithttp and gokitgrpc have the functions around requests of go-kit's
// transports, as layers, and gokitotel has go-kit's metrics over OpenTelemetry. Package
// metrics/prometheus of go-kit works as it is, with a registry that package promx also uses. A
// transport.ErrorHandler of go-kit is an error hook by its method:
// httpx.ErrorHook(handler.Handle).
package gokit
