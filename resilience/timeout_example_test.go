package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// hangs is a backend that does not answer.
func hangs(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func ExampleNewTimeout() {
	timeout := resilience.NewTimeout(5 * time.Millisecond)
	e := endpoint.Chain(hangs, timeout.Wrap)
	_, err := e(context.Background(), "hello")
	fmt.Println(err)
	fmt.Println(endpoint.CodeOf(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, resilience.ErrTimeout))
	// Output:
	// not done within 5ms: context deadline exceeded
	// DEADLINE_EXCEEDED true true
}

// A caller's own deadline is nobody's Timeout.
func ExampleTimeout_Wrap() {
	e := endpoint.Chain(hangs, resilience.NewTimeout(time.Minute).Wrap)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := e(ctx, "hello")
	fmt.Println(err, errors.Is(err, resilience.ErrTimeout))
	// Output: context deadline exceeded false
}

// A stream may take as long as it likes, if it keeps coming.
func ExampleIdle() {
	stalls := func(ctx context.Context, _ string) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if yield(1, nil) && yield(2, nil) {
				<-ctx.Done()
				yield(0, ctx.Err())
			}
		}, nil
	}
	timeout := resilience.NewTimeout(0, resilience.FirstItem(time.Second), resilience.Idle(5*time.Millisecond))
	ticks, _ := endpoint.Chain(stalls, timeout.Wrap)(context.Background(), "ticks")
	items, err := ticks.Collect()
	fmt.Println(items, err)
	// Output: [1 2] no item for 5ms: context canceled
}

// Meant is that each attempt may take 5 ms. But a Timeout outside a Retry bounds
// the whole: the first attempt that hangs uses up the time of all.
func ExampleTimeout_incorrect() {
	attempts := 0
	backend := func(ctx context.Context, req string) (string, error) {
		if attempts++; attempts == 1 {
			return hangs(ctx, req)
		}
		return "answer", nil
	}
	retry, timeout := resilience.NewRetry(3), resilience.NewTimeout(5*time.Millisecond)
	wrong := endpoint.Chain(backend, timeout.Wrap, retry.Wrap)
	_, err := wrong(context.Background(), "hello")
	fmt.Println(attempts, "attempt:", err)

	attempts = 0
	right := endpoint.Chain(backend, retry.Wrap, timeout.Wrap)
	answer, err := right(context.Background(), "hello")
	fmt.Println(attempts, "attempts:", answer, err)
	// Output:
	// 1 attempt: not done within 5ms: context deadline exceeded
	// 2 attempts: answer <nil>
}
