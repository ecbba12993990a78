package gokit

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/ratelimit"
	"github.com/go-kit/kit/sd/lb"
	"github.com/sony/gobreaker"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

// statusCoder and headerer are the interfaces of go-kit's package transport/http.
type (
	statusCoder interface {
		error
		StatusCode() int
	}
	headerer interface {
		error
		Headers() http.Header
	}
)

// refusal returns the error of this library for an error by which a middleware of go-kit
// refuses a call, or nil.
func refusal(err error) *endpoint.Error {
	switch {
	case errors.Is(err, ratelimit.ErrLimited):
		return resilience.ErrRateLimited
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return resilience.ErrOpen
	case errors.Is(err, lb.ErrNoEndpoints):
		return discover.ErrNoEndpoints
	}
	return nil
}

// fromKit returns an error of go-kit with the code that it stands for, or as it is.
func fromKit(err error) error {
	if ours, ok := err.(kitError); ok { //nolint:errorlint // it comes from right inside
		return ours.error
	}
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return err
	}
	if retried, ok := errors.AsType[lb.RetryError](err); ok { // which has no Unwrap
		return retryError{retried, fromKit(retried.Final)}
	}
	if e := refusal(err); e != nil {
		return e.WithCause(err)
	}
	coder, ok := errors.AsType[statusCoder](err)
	if !ok {
		return err
	}
	code := endpoint.CodeOfStatus(coder.StatusCode())
	if coder.StatusCode() >= http.StatusInternalServerError {
		return withRetryAfter(endpoint.Errorf(code, "%w", err), err)
	}
	return withRetryAfter(endpoint.Errorf(code, "%s", err.Error()).WithCause(err), err)
}

// withRetryAfter returns e with the seconds of the header Retry-After of err, if it has one.
func withRetryAfter(e *endpoint.Error, err error) *endpoint.Error {
	h, ok := errors.AsType[headerer](err)
	if !ok {
		return e
	}
	seconds, bad := strconv.ParseInt(h.Headers().Get("Retry-After"), 10, 32)
	if bad != nil || seconds <= 0 {
		return e
	}
	return e.WithRetryAfter(time.Duration(seconds) * time.Second)
}

// failure returns the error in a response that is a Failer, or nil.
func failure(resp any) error {
	f, ok := resp.(kit.Failer)
	if !ok {
		return nil
	}
	err := f.Failed()
	if err == nil {
		return nil
	}
	coded := fromKit(err)
	if e, ok := errors.AsType[*endpoint.Error](coded); ok && e != nil {
		return coded
	}
	return endpoint.Errorf(endpoint.FailedPrecondition, "%s", err.Error()).WithCause(err)
}

// retryError is a lb.RetryError whose errors are found by errors.Is.
type retryError struct {
	lb.RetryError

	final error // with its code
}

func (e retryError) Unwrap() []error { return append([]error{e.final}, e.RawErrors...) }

// toKit returns an error of this library as the encoders of go-kit read it.
func toKit(err error) error {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return kitError{err}
	}
	return err
}

// kitError is an error with a *endpoint.Error in its tree.
type kitError struct{ error }

// sent returns what a server of this library sends for the error.
func (e kitError) sent() *endpoint.Error { return new(endpoint.Operation).Outgoing(e.error) }

// Error returns the text for the caller.
func (e kitError) Error() string { return e.sent().Message() }

func (e kitError) Unwrap() error { return e.error }

// StatusCode returns the status of HTTP, for the DefaultErrorEncoder of transport/http.
func (e kitError) StatusCode() int { return e.sent().Code().HTTPStatus() }

// Headers returns the header of the time to wait, for the same encoder.
func (e kitError) Headers() http.Header {
	h := http.Header{}
	if wait := e.sent().RetryAfter(); wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	return h
}

// ErrorCode returns the number of the error over JSON-RPC, as package jsonrpcx has it.
func (e kitError) ErrorCode() int { return -32000 - int(e.sent().Code()) }
