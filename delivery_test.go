package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/typedkit/endpoint"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	down := endpoint.Errorf(endpoint.Unavailable, "down")
	for _, tt := range []struct {
		name                          string
		err                           error
		notSent, maybeSent, retryable bool
	}{
		{"nil", nil, false, false, false},
		{"no code", errTest, false, false, false},
		{"Unavailable", down, false, false, true},
		{"Unavailable, wrapped", fmt.Errorf("call: %w", down), false, false, true},
		{"NotFound", endpoint.Errorf(endpoint.NotFound, "x"), false, false, false},
		{"a deadline", context.DeadlineExceeded, false, false, false},
		{"a cancellation", context.Canceled, false, false, false},
		{"ResourceExhausted", endpoint.Errorf(endpoint.ResourceExhausted, "x"), false, false, false},
		{"a break", endpoint.ErrStopped, false, false, false},
		{"not sent", endpoint.MarkNotSent(errTest), true, false, true},
		{"not sent, wrapped", fmt.Errorf("call: %w", endpoint.MarkNotSent(errTest)), true, false, true},
		{"maybe sent", endpoint.MarkMaybeSent(down), false, true, false},
		{"maybe sent, wrapped", fmt.Errorf("call: %w", endpoint.MarkMaybeSent(down)), false, true, false},
		{"not sent, told in other words", endpoint.Errorf(endpoint.InvalidArgument, "no: %w", endpoint.MarkNotSent(down)), false, false, false},
		{"maybe sent, told in other words", endpoint.Errorf(endpoint.Unavailable, "no: %w", endpoint.MarkMaybeSent(down)), false, true, false},
		{"the last mark counts", endpoint.MarkMaybeSent(endpoint.MarkNotSent(down)), false, true, false},
		{"and the other way", endpoint.MarkNotSent(endpoint.MarkMaybeSent(down)), true, false, true},
	} {
		if n, m, r := endpoint.NotSent(tt.err), endpoint.MaybeSent(tt.err), endpoint.Retryable(tt.err); n != tt.notSent || m != tt.maybeSent || r != tt.retryable {
			t.Errorf("%s: NotSent, MaybeSent, Retryable = %v, %v, %v, want %v, %v, %v", tt.name, n, m, r, tt.notSent, tt.maybeSent, tt.retryable)
		}
	}
	for name, mark := range map[string]func(error) error{"MarkNotSent": endpoint.MarkNotSent, "MarkMaybeSent": endpoint.MarkMaybeSent} {
		if err := mark(nil); err != nil {
			t.Errorf("%s(nil) = %v, want nil", name, err)
		}
		err := mark(down)
		if err.Error() != down.Error() || !errors.Is(err, down) || endpoint.CodeOf(err) != endpoint.Unavailable {
			t.Errorf("%s(%v) = %v (code %v), want the same but for the mark", name, down, err, endpoint.CodeOf(err))
		}
	}
}

func TestServerFault(t *testing.T) {
	t.Parallel()
	faults := map[endpoint.Code]bool{
		endpoint.Unknown: true, endpoint.DeadlineExceeded: true, endpoint.Internal: true, endpoint.Unavailable: true, endpoint.DataLoss: true,
	}
	for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
		for _, err := range []error{endpoint.Errorf(code, "x"), endpoint.FromWire(code, "svc", "X", ""), endpoint.MarkMaybeSent(endpoint.Errorf(code, "x"))} {
			if got := endpoint.ServerFault(err); got != faults[code] {
				t.Errorf("ServerFault(%v with code %v) = %v, want %v", err, code, got, faults[code])
			}
		}
	}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"no code", errTest, true},
		{"a panic", &endpoint.PanicError{Value: 1}, true},
		{"the caller's cancellation", context.Canceled, false},
		{"a break", endpoint.ErrStopped, false},
		{"a deadline", context.DeadlineExceeded, true},
		{"an error of another domain with a policy's reason", endpoint.Define(endpoint.Unavailable, "svc", "BREAKER_OPEN", ""), true},
	} {
		if got := endpoint.ServerFault(tt.err); got != tt.want {
			t.Errorf("%s: ServerFault(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
	// A rejection counts if it is another process's.
	for _, reason := range []string{"RATE_LIMITED", "OUT_OF_CAPACITY", "BREAKER_OPEN", "NO_ENDPOINTS", "TOO_LATE"} {
		for _, code := range []endpoint.Code{endpoint.Unavailable, endpoint.ResourceExhausted} {
			own := endpoint.Define(code, "endpoint", reason, "rejected")
			if endpoint.ServerFault(own) || endpoint.ServerFault(fmt.Errorf("call: %w", own)) {
				t.Errorf("a rejection %s of this process counts against the server", reason)
			}
			if !endpoint.ServerFault(endpoint.FromWire(code, "endpoint", reason, "rejected")) {
				t.Errorf("a rejection %s by the server does not count against it", reason)
			}
		}
	}
}
