package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// flaky returns a backend that fails so often before it answers.
func flaky(failures int, err error) endpoint.Endpoint[string, string] {
	return func(context.Context, string) (string, error) {
		if failures--; failures >= 0 {
			return "", err
		}
		return "answer", nil
	}
}

func ExampleNewRetry() {
	retry := resilience.NewRetry(3, resilience.Backoff(time.Millisecond, time.Second))
	e := endpoint.Chain(flaky(2, endpoint.Errorf(endpoint.Unavailable, "overloaded")), retry.Wrap)
	fmt.Println(e(context.Background(), "hello"))
	// Output: answer <nil>
}

// The error matches those of all attempts; the last one decides its code.
func ExampleRetry_Wrap() {
	retry := resilience.NewRetry(2, resilience.Backoff(0, 0))
	broke := endpoint.Errorf(endpoint.Unavailable, "the connection broke: %w", io.ErrUnexpectedEOF)
	attempts := 0
	e := endpoint.Chain(func(context.Context, string) (string, error) {
		if attempts++; attempts == 1 {
			return "", broke
		}
		return "", endpoint.Errorf(endpoint.NotFound, "no such note")
	}, retry.Wrap)
	_, err := e(context.Background(), "note")
	fmt.Println(err)
	fmt.Println(endpoint.CodeOf(err), errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// no such note (before that: the connection broke: unexpected EOF)
	// NOT_FOUND true
}

// A job that is not done yet is asked for again, with the waits and the Budget
// of the client's Retry.
func ExampleRetry_If() {
	type job struct{ done bool }
	asked := 0
	status := func(context.Context, string) (job, error) { asked++; return job{done: asked == 3}, nil }
	notYet := func(j job, err error) bool { return err == nil && !j.done }

	retry := resilience.NewRetry(5, resilience.Backoff(time.Millisecond, time.Millisecond))
	e := endpoint.Chain(status, retry.If(notYet).Wrap)
	fmt.Println(e(context.Background(), "job 7"))
	fmt.Println("asked", asked, "times")
	// Output:
	// {true} <nil>
	// asked 3 times
}

// A backend that is down gets a tenth more than it is asked for, not three times
// as much.
func ExampleNewBudget() {
	budget := resilience.NewBudget(0.1, 0)
	retry := resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(budget))
	attempts := 0
	e := endpoint.Chain(func(context.Context, string) (string, error) {
		attempts++
		return "", endpoint.Errorf(endpoint.Unavailable, "down")
	}, retry.Wrap)
	for range 1000 {
		_, _ = e(context.Background(), "hello")
	}
	fmt.Println("more than 1.1 attempts for each call, and the 10 of the start:", attempts > 1110)
	// Output: more than 1.1 attempts for each call, and the 10 of the start: false
}
