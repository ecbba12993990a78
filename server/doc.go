// Package server runs a service: it listens, tells others when it is ready, and stops
// without failing calls.
//
//	s := server.New("addsvc")
//	err := errors.Join(
//		httpx.Mount(router, svc, httpx.Use(s)),
//		grpcx.Register(calls, svc, grpcx.Use(s)))
//	s.Add(
//		server.HTTP(":8081", httpx.Problems(router, httpx.Use(s))),
//		server.GRPC(":8082", calls, health),
//		server.Follow(pool, source),
//		server.Flush("traces", provider.Shutdown))
//	os.Exit(s.Main(err))
//
// A [Server] exists before what it serves: it is a layer of the service, so that it knows
// every operation and can end the streams when it stops, and it takes the events of
// breakers and pools.
//
// # Start
//
// Run binds the addresses of all listeners. If one of them cannot be bound, nothing is
// served and the error names all that failed. Then it starts the work of [Go] and [Follow], serves,
// is ready, and registers.
//
// # Stop
//
// A stop begins with a signal, with the end of the context of Run, or when a listener or a
// work fails. These steps follow one another:
//
//  1. The server is not ready, and deregisters.
//  2. It waits until others have noticed ([Propagation]). Meanwhile it serves as before, but
//     each HTTP response closes its connection, so that no client sends its next request
//     on a connection that is about to end.
//  3. It accepts no connections, and response streams end with [ErrStopping].
//  4. Calls in flight get the time to finish ([Grace]). Those that do not are cancelled with
//     the cause ErrStopping, and get a second to return.
//  5. The context of the work ends. It outlives the calls in flight, which may need it.
//  6. What [Close] adds is closed, the last one first.
//  7. What [Flush] adds is flushed.
//
// Each step has a bound, and a step that hangs, panics or fails skips none of the others.
//
// The package is what RFC 000 of go-kit describes. docs/rfc000.md lists its statements, with
// the test of each.
package server
