package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
)

var (
	errHangs  = errors.New("did not return in time")
	errExited = errors.New("ended its goroutine")
)

// bounded calls f and returns its error. It returns soon after the end of ctx even if f
// does not. A panic of f, and the end of its goroutine, are errors.
func bounded(ctx context.Context, f func(ctx context.Context) error) error {
	done := make(chan error, 1)
	go func() {
		err := errExited
		defer func() { done <- err }()
		err = caught(func() error { return f(ctx) })
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	margin, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangMargin)
	defer cancel()
	select {
	case err := <-done:
		return err
	case <-margin.Done():
		return errHangs
	}
}

// caught calls f and returns its error, or its panic as one.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = endpoint.NewPanicError(v)
		}
	}()
	return f()
}

// named puts the name of a part before its error.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
