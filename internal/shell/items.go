package shell

import (
	"errors"
	"strconv"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// ErrRangedTwice is the error of the second range over a request stream.
var ErrRangedTwice = endpoint.Define(endpoint.Internal, "endpoint", "RANGED_TWICE", "a request stream can be ranged over once")

// Once returns a stream of items that can be ranged over once. T is the type of an
// item.
func Once[T any](items endpoint.Stream[T]) endpoint.Stream[T] {
	ranged := new(atomic.Bool) // a handler may range on several goroutines
	return func(yield func(T, error) bool) {
		if ranged.Swap(true) {
			yield(*new(T), ErrRangedTwice)
			return
		}
		items(yield)
	}
}

// AtItem returns err with its violations located in the n-th item of a stream,
// counted from 0.
func AtItem(err error, n int) error {
	if err == nil {
		return nil
	}
	vs := endpoint.ErrorOf(err).Violations()
	if !errors.Is(err, codec.ErrInvalid) || len(vs) == 0 {
		return err
	}
	for i := range vs {
		vs[i].Pointer = "/" + strconv.Itoa(n) + vs[i].Pointer
	}
	return codec.ErrInvalid.WithViolations(vs...).WithCause(CauseOf(err))
}

// CauseOf returns what is the cause of an error that says what err says: the cause of err,
// if err itself is a *endpoint.Error, or else err.
func CauseOf(err error) error {
	if e, ok := err.(*endpoint.Error); ok && e != nil { //nolint:errorlint // one that is wrapped has more to say
		return e.Unwrap()
	}
	return err
}

// Unimplemented returns the error of an operation that the server does not have.
func Unimplemented(name string) error {
	return endpoint.Errorf(endpoint.Unimplemented, "%s is not implemented", name)
}
