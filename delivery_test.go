package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
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
	for name, marked := range map[string]func(error) error{"MarkNotSent": endpoint.MarkNotSent, "MarkMaybeSent": endpoint.MarkMaybeSent} {
		if err := marked(nil); err != nil {
			t.Errorf("%s(nil) = %v, want nil", name, err)
		}
		err := marked(down)
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
		{"a limit of this process that is not a refusal", endpoint.Define(endpoint.ResourceExhausted, "endpoint", "OTHER_LIMIT", ""), false},
		{"an error of another domain with a policy's reason", endpoint.Define(endpoint.Unavailable, "svc", "BREAKER_OPEN", ""), true},
	} {
		if got := endpoint.ServerFault(tt.err); got != tt.want {
			t.Errorf("%s: ServerFault(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
	// A rejection counts if it is another process's.
	for _, reason := range []string{"RATE_LIMITED", "OUT_OF_CAPACITY", "BREAKER_OPEN", "NO_ENDPOINTS", "TOO_LATE", "ANY_OTHER"} {
		for _, code := range []endpoint.Code{endpoint.Unavailable, endpoint.ResourceExhausted, endpoint.DeadlineExceeded} {
			own := endpoint.Define(code|mark.Refusal, "endpoint", reason, "rejected")
			if endpoint.ServerFault(own) || endpoint.ServerFault(fmt.Errorf("call: %w", own)) {
				t.Errorf("a rejection %s with code %v of this process counts against the server", reason, code)
			}
			if !endpoint.ServerFault(endpoint.FromWire(code, "endpoint", reason, "rejected")) {
				t.Errorf("a rejection %s with code %v by the server does not count against it", reason, code)
			}
		}
	}
	// A message that is too large is the caller's fault, whoever found that.
	for _, err := range []error{
		endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "too large"),
		endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "too large"),
	} {
		if endpoint.ServerFault(err) {
			t.Errorf("%v counts against the server", err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	open := endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "rejected")
	var none *endpoint.Error
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"a nil Error", none, false},
		{"no code", errTest, false},
		{"an ended context", context.Canceled, false},
		{"no identity", endpoint.Errorf(endpoint.Unavailable, "down"), false},
		{"a refusal", open, true},
		{"a refusal, wrapped", fmt.Errorf("call: %w", open), true},
		{"a refusal, joined", errors.Join(errTest, open), true},
		{"a refusal, marked as not sent", endpoint.MarkNotSent(open), true},
		{"a refusal in other words", open.With("%d failures", 5).WithCause(errTest).WithMeta("a", "b").WithRetryAfter(time.Second), true},
		{"any code", endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "TOO_LATE", "rejected"), true},
		{"the same identity without the mark", endpoint.Define(endpoint.Unavailable, "endpoint", "BREAKER_OPEN", "rejected"), false},
		{"over the wire", endpoint.FromWire(endpoint.Unavailable, "endpoint", "BREAKER_OPEN", "rejected"), false},
		{"over the wire, with the bit of the mark", endpoint.FromWire(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "rejected"), false},
		{"the cause of another error", endpoint.Errorf(endpoint.Internal, "load: %w", open), false},
		{"the cause of a declared error", errDeclared.WithCause(open), false},
	} {
		if got := endpoint.Refused(tt.err); got != tt.want {
			t.Errorf("%s: Refused(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
	// The mark belongs neither to the code nor to the identity.
	if plain := endpoint.Define(endpoint.Unavailable, "endpoint", "BREAKER_OPEN", "rejected"); open.Code() != endpoint.Unavailable || endpoint.CodeOf(open) != endpoint.Unavailable || !errors.Is(open, plain) || !errors.Is(plain, open) {
		t.Errorf("a refusal has the code %v and is the same error as one without the mark: %v", open.Code(), errors.Is(open, plain))
	}
}
