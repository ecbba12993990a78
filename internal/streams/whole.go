// Package streams has what the clients of all transports do with streams.
package streams

import (
	"context"

	"github.com/typedkit/endpoint"
)

// Whole returns a request stream that ends with an error where s ends without
// one although ctx, the caller's, has ended: a producer that selects on its
// context returns then, and what it sent so far must not look like the whole. It
// has to be the very context of the caller: those made of it hear of its end
// after the producer does.
func Whole[T any](ctx context.Context, s endpoint.Stream[T]) endpoint.Stream[T] {
	if s == nil {
		return nil
	}
	return func(yield func(T, error) bool) {
		for v, err := range s {
			if !yield(v, err) || err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(*new(T), endpoint.ErrorOf(ctx.Err()).WithCause(context.Cause(ctx)))
		}
	}
}
