package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

var (
	errDeclared   = endpoint.Define(endpoint.NotFound, "test", "DECLARED", "declared")
	errUndeclared = endpoint.Define(endpoint.FailedPrecondition, "test", "UNDECLARED", "undeclared")
	errOurs       = endpoint.Define(endpoint.ResourceExhausted|mark.Refusal, "endpoint", "RATE_LIMITED", "slow down")
)

// remote returns e as it comes over a wire.
func remote(e *endpoint.Error) *endpoint.Error {
	return endpoint.FromWire(e.Code(), e.Domain(), e.Reason(), e.Message()).WithRetryAfter(time.Second)
}

// fromFar returns an error without an identity that came over a wire.
func fromFar(code endpoint.Code) *endpoint.Error {
	return endpoint.FromWire(code, "", "", "secret of another server").WithRetryAfter(time.Second)
}

func TestStreamKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[endpoint.StreamKind]string{
		endpoint.Unary: "unary", endpoint.ClientStream: "client stream", endpoint.ServerStream: "server stream",
		endpoint.Bidi: "bidi", 9: "unary",
	} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is %q, want %q", kind, got, want)
		}
	}
}

func TestOperationOutgoing(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Fails: []*endpoint.Error{errDeclared}}
	const general = "" // the message is the code's general one
	for _, tt := range []struct {
		name    string
		err     error
		code    endpoint.Code
		reason  string
		message string
		retry   time.Duration
	}{
		// Of this process: everything goes out, declared or not.
		{"declared", errDeclared, endpoint.NotFound, "DECLARED", "declared", 0},
		{"declared, in other words", errDeclared.With("no such id"), endpoint.NotFound, "DECLARED", "no such id", 0},
		{"declared, wrapped", fmt.Errorf("context: %w", errDeclared), endpoint.NotFound, "DECLARED", "declared", 0},
		{"undeclared", errUndeclared, endpoint.FailedPrecondition, "UNDECLARED", "undeclared", 0},
		{"undeclared, wrapped", fmt.Errorf("context: %w", errUndeclared), endpoint.FailedPrecondition, "UNDECLARED", "undeclared", 0},
		{"no identity", endpoint.Errorf(endpoint.Aborted, "conflict: %w", errTest), endpoint.Aborted, "", "conflict", 0},
		{"the toolkit's", errOurs.WithRetryAfter(time.Minute), endpoint.ResourceExhausted, "RATE_LIMITED", "slow down", time.Minute},

		// Without a code.
		{"no code", errTest, endpoint.Internal, "", general, 0},
		{"cancelled", fmt.Errorf("reading: %w", context.Canceled), endpoint.Canceled, "", general, 0},
		{"deadline", context.DeadlineExceeded, endpoint.DeadlineExceeded, "", general, 0},
		{"a panic", &endpoint.PanicError{Value: errDeclared}, endpoint.Internal, "", general, 0},

		// Remote: only what is declared passes.
		{"remote and declared", remote(errDeclared), endpoint.NotFound, "DECLARED", "declared", time.Second},
		{"remote and undeclared", remote(errUndeclared), endpoint.Internal, "", general, 0},
		{"remote and the toolkit's", remote(errOurs), endpoint.ResourceExhausted, "", general, time.Second},
		{"remote Canceled", fromFar(endpoint.Canceled), endpoint.Canceled, "", general, time.Second},
		{"remote DeadlineExceeded", fromFar(endpoint.DeadlineExceeded), endpoint.DeadlineExceeded, "", general, time.Second},
		{"remote Unavailable", fromFar(endpoint.Unavailable), endpoint.Unavailable, "", general, time.Second},
		{"remote ResourceExhausted", fromFar(endpoint.ResourceExhausted), endpoint.ResourceExhausted, "", general, time.Second},
		{"remote Unauthenticated", fromFar(endpoint.Unauthenticated), endpoint.Internal, "", general, 0},
		{"remote NotFound", fromFar(endpoint.NotFound), endpoint.Internal, "", general, 0},
		{"remote, marked by the client", endpoint.MarkMaybeSent(fromFar(endpoint.Unavailable)), endpoint.Unavailable, "", general, time.Second},
		{"remote, translated", errDeclared.With("no such profile: %w", remote(errUndeclared)), endpoint.NotFound, "DECLARED", "no such profile", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := op.Outgoing(tt.err)
			message := tt.message
			if message == general {
				message = endpoint.Errorf(tt.code, "%w", errTest).Message()
			}
			if out.Code() != tt.code || out.Reason() != tt.reason || out.Message() != message || out.RetryAfter() != tt.retry {
				t.Errorf("Outgoing(%v) = %v %q %q after %v, want %v %q %q after %v", tt.err,
					out.Code(), out.Reason(), out.Message(), out.RetryAfter(), tt.code, tt.reason, message, tt.retry)
			}
			if !errors.Is(out, tt.err) && !errors.Is(tt.err, out) {
				t.Errorf("Outgoing(%v) is no longer that error, for the hook", tt.err)
			}
		})
	}
	if out := op.Outgoing(nil); out != nil {
		t.Errorf("for a success, Outgoing is %v, want nil", out)
	}
}

func TestOperationDeclares(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Fails: []*endpoint.Error{errUndeclared, errDeclared}}
	for _, tt := range []struct {
		name string
		err  *endpoint.Error
		want bool
	}{
		{"itself", errDeclared, true},
		{"in other words", errDeclared.With("else"), true},
		{"from afar", remote(errDeclared), true},
		{"with another code", endpoint.FromWire(endpoint.Internal, "test", "DECLARED", ""), true},
		{"another reason", errOurs, false},
		{"another domain", endpoint.FromWire(endpoint.NotFound, "other", "DECLARED", ""), false},
		{"no identity", endpoint.Errorf(endpoint.NotFound, "declared"), false},
		{"nil", nil, false},
	} {
		if got := op.Declares(tt.err); got != tt.want {
			t.Errorf("%s: Declares(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
		if (&endpoint.Operation{}).Declares(tt.err) {
			t.Errorf("%s: an operation that declares nothing declares %v", tt.name, tt.err)
		}
	}
}

// TestOutgoingIsBounded has errors with more than a server sends.
func TestOutgoingIsBounded(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Fails: []*endpoint.Error{errDeclared}}
	full := func(e *endpoint.Error) *endpoint.Error {
		long := strings.Repeat("x", 1023) + "üü"
		vs := make([]endpoint.Violation, 51)
		vs[0] = endpoint.Violation{Pointer: long, Parameter: long, Detail: long}
		return e.With("%s", long).WithViolations(vs...).WithRetryAfter(25*time.Hour).
			WithHelp(endpoint.Link{Description: long, URL: long}).WithMeta("k", "old").WithMeta("k", long)
	}
	for name, tt := range map[string]struct {
		err   *endpoint.Error
		text  int
		retry time.Duration
	}{
		"of this process": {full(errUndeclared), 1027, 25 * time.Hour},
		"remote":          {full(remote(errDeclared)), 1023, 24 * time.Hour},
	} {
		out := op.Outgoing(fmt.Errorf("wrapped: %w", tt.err))
		vs, help, meta := out.Violations(), out.Help(), out.Meta()
		if len(vs) != 50 {
			t.Errorf("%s: %d violations are sent, want 50", name, len(vs))
		}
		if len(help) != 1 || len(meta) != 1 {
			t.Fatalf("%s: the links are %v and the metadata %v, want one of each", name, help, meta)
		}
		for place, text := range map[string]string{
			"message": out.Message(), "pointer": vs[0].Pointer, "parameter": vs[0].Parameter, "detail": vs[0].Detail,
			"description": help[0].Description, "URL": help[0].URL, "metadata": meta["k"],
		} {
			if len(text) != tt.text || !utf8.ValidString(text) {
				t.Errorf("%s: the %s has %d bytes, want %d", name, place, len(text), tt.text)
			}
		}
		if out.RetryAfter() != tt.retry || out.Domain() != tt.err.Domain() || out.Reason() != tt.err.Reason() || out.Code() != tt.err.Code() {
			t.Errorf("%s: Outgoing = %v %s/%s after %v", name, out.Code(), out.Domain(), out.Reason(), out.RetryAfter())
		}
		if len(tt.err.Violations()) != 51 || len(tt.err.Meta()["k"]) != 1027 {
			t.Errorf("%s: Outgoing changed the error", name)
		}
	}
	undeclared := endpoint.FromWire(endpoint.Unavailable, "", "", "x").WithRetryAfter(25 * time.Hour)
	if got := op.Outgoing(undeclared).RetryAfter(); got != 24*time.Hour {
		t.Errorf("an undeclared error is sent with %v to wait, want a day", got)
	}
}
