package endpoint

import "context"

// A Target gives a client the connection for each attempt: one server, or a
// pool of them. It is safe for concurrent use. C is the type of a connection
// of the transport.
//
// A Target may have a method For(*Operation) Target[C], which a client calls
// once for each of its operations, and a method Err() error with the faults of
// its construction.
type Target[C any] interface {
	// Acquire returns a connection, waiting for one if need be. Its error ends
	// the attempt.
	Acquire(ctx context.Context) (C, Token, error)
	// Release gives the outcome of the attempt back, once for each Acquire
	// that succeeded; for a stream at its end.
	Release(t Token, err error)
}
