package shell_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

var errFailed = errors.New("failed")

// target is a target with connections named "conn", which records their outcomes
// in the order of their release.
type target struct {
	err error // of Acquire

	mu       sync.Mutex // guards the fields below
	acquired int64
	released map[int64]int
	outcomes []error
}

func (t *target) Acquire(context.Context) (string, endpoint.Token, error) {
	if t.err != nil {
		return "", endpoint.Token{}, t.err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acquired++
	return "conn", endpoint.Token{N: t.acquired}, nil
}

func (t *target) Release(tok endpoint.Token, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.released == nil {
		t.released = map[int64]int{}
	}
	t.released[tok.N]++
	t.outcomes = append(t.outcomes, err)
}

// settled requires that n connections were acquired and each was released once. It
// returns the outcomes.
func (t *target) settled(tb testing.TB, n int) []error {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	require.EqualValues(tb, n, t.acquired, "connections acquired")
	require.Len(tb, t.released, n, "connections released")
	for token, times := range t.released {
		require.Equal(tb, 1, times, "releases of connection %d", token)
	}
	return t.outcomes
}

// parts collects the endpoints that are added to it.
type parts []*shell.Endpoint

func (p *parts) Add(e *shell.Endpoint) { *p = append(*p, e) }

// erased returns what Erase adds for the field.
func erased[Req, Resp any](field *endpoint.Endpoint[Req, Resp]) *shell.Endpoint {
	var p parts
	shell.Erase(field, &p)
	return p[0]
}

// connect returns the endpoint that makes the calls of c, a client whose target is
// to and whose layers are those given.
func connect[Req, Resp any](tb testing.TB, kind endpoint.StreamKind, to *target, c shell.Client[string], layers ...endpoint.Layer) endpoint.Endpoint[Req, Resp] {
	tb.Helper()
	var field endpoint.Endpoint[Req, Resp]
	connectField(tb, erased(&field), kind, to, c, layers)
	return field
}

func connectField(tb testing.TB, e *shell.Endpoint, kind endpoint.StreamKind, to *target, c shell.Client[string], layers endpoint.Stack) {
	tb.Helper()
	connectTo(tb, e, kind, to, c, layers)
}

func connectTo(tb testing.TB, e *shell.Endpoint, kind endpoint.StreamKind, to endpoint.Target[string], c shell.Client[string], layers endpoint.Stack) {
	tb.Helper()
	op := &endpoint.Operation{Service: "test", Name: "Do", Side: endpoint.ClientSide, Streams: kind}
	stack, err := layers.Bind(op)
	require.NoError(tb, err)
	c.Op, c.Target, c.Stack = op, to, stack
	c.Begin = func(ctx context.Context) (context.Context, error) {
		ctx, _, err := endpoint.StartCall(ctx, op, endpoint.HTTPHeader(nil), endpoint.HTTPHeader(nil))
		return ctx, err
	}
	c.Connect(e)
}

// plain is a layer that does nothing, for those that have one more method.
type plain struct{}

func (plain) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (plain) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// repeater repeats each call that failed until n attempts were made.
type repeater struct {
	plain

	n int64
}

func (r repeater) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	t.N++
	return ctx, t, t.N < r.n
}

// hedger makes n attempts side by side.
type hedger struct {
	plain

	n int
}

func (h hedger) Delay(_ context.Context, started int) (time.Duration, bool) {
	return 0, started < h.n
}

// badHeader is a context in which no call can begin.
func badHeader(ctx context.Context) context.Context {
	return endpoint.WithHeader(ctx, "Host", "example.com")
}

// nilError is an error whose nil pointer panics in each of its methods.
type nilError struct{ err error }

func (e *nilError) Error() string { return e.err.Error() }
func (e *nilError) Unwrap() error { return e.err }

// exits calls f on a goroutine of its own and reports whether f called
// runtime.Goexit.
func exits(f func()) (exited bool) {
	done := make(chan bool)
	go func() {
		returned := false
		defer func() { done <- !returned }()
		f()
		returned = true
	}()
	return <-done
}

// goexit is runtime.Goexit, for functions that return something.
func goexit() error {
	runtime.Goexit()
	return nil
}

// endless is a request stream that yields 1, 2, 3 and so on until it is left.
func endless(yield func(int, error) bool) {
	n := 1
	for yield(n, nil) {
		n++
	}
}

// ints returns the items of a stream whose items are pointers to int.
func ints(items endpoint.Stream[any]) ([]int, error) {
	var all []int
	for item, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, *item.(*int))
	}
	return all, nil
}
