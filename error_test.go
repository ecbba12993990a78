package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

func TestDefine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", 63)
	for _, tt := range []struct {
		name           string
		code           endpoint.Code
		domain, reason string
		faults         []string
	}{
		{"plain", endpoint.NotFound, "profilesvc", "NOT_FOUND", nil},
		{"a host", endpoint.Internal, "billing.example.com", "X1", nil},
		{"a path", endpoint.Unauthenticated, "example.com/billing_v2-x", "A_1_B", nil},
		{"one letter", endpoint.Canceled, "p", "AB", nil},
		{"the longest", endpoint.Canceled, strings.Repeat("a", 128), long, nil},
		{"OK", endpoint.OK, "svc", "FINE", []string{"code OK"}},
		{"no code", 17, "svc", "FINE", []string{"CODE_17"}},
		{"negative code", -1, "svc", "FINE", []string{"CODE_-1"}},
		{"a refusal with OK", endpoint.OK | mark.Refusal, "endpoint", "FINE", []string{"code OK"}},
		{"a refusal with no code", 17 | mark.Refusal, "endpoint", "FINE", []string{"CODE_17"}},
		{"a refusal of another domain", endpoint.Unavailable | mark.Refusal, "svc", "FINE", []string{"CODE_65550"}},
		{"no domain", endpoint.NotFound, "", "FINE", []string{`domain ""`}},
		{"upper-case domain", endpoint.NotFound, "Svc", "FINE", []string{`domain "Svc"`}},
		{"a domain with a dot at its end", endpoint.NotFound, "svc.", "FINE", []string{`domain "svc."`}},
		{"a domain with a space", endpoint.NotFound, "my svc", "FINE", []string{`domain "my svc"`}},
		{"a domain with a line break", endpoint.NotFound, "svc\n", "FINE", []string{"domain"}},
		{"a domain that is too long", endpoint.NotFound, strings.Repeat("a", 129), "FINE", []string{"domain"}},
		{"no reason", endpoint.NotFound, "svc", "", []string{`reason ""`}},
		{"lower-case reason", endpoint.NotFound, "svc", "NotFound", []string{`reason "NotFound"`}},
		{"a reason of one letter", endpoint.NotFound, "svc", "N", []string{`reason "N"`}},
		{"a reason with a digit first", endpoint.NotFound, "svc", "1_AND", []string{"reason"}},
		{"a reason with an underscore last", endpoint.NotFound, "svc", "NOT_", []string{"reason"}},
		{"a reason that is too long", endpoint.NotFound, "svc", long + "A", []string{"reason"}},
		{"everything", endpoint.OK, "", "x", []string{"code OK", `domain ""`, `reason "x"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var e *endpoint.Error
			defer func() {
				v := recover()
				text, _ := v.(string)
				if (v != nil) != (tt.faults != nil) {
					t.Fatalf("Define panics with %v, want a panic: %v", v, tt.faults != nil)
				}
				for _, fault := range tt.faults {
					if !strings.HasPrefix(text, "endpoint: Define: ") || !strings.Contains(text, fault) {
						t.Errorf("Define panics with %q, want it to name %q", text, fault)
					}
				}
				if v == nil && (e.Code() != tt.code || e.Domain() != tt.domain || e.Reason() != tt.reason || e.Message() != "a message" || e.Error() != "a message" || e.Remote()) {
					t.Errorf("Define returns %#v, want what it was given", e)
				}
			}()
			e = endpoint.Define(tt.code, tt.domain, tt.reason, "a message")
		})
	}
}

// A Define without a message says what its code says.
func TestErrorMessageDefault(t *testing.T) {
	t.Parallel()
	e := endpoint.Define(endpoint.NotFound, "svc", "GONE", "")
	if e.Message() != "not found" || e.Error() != "not found" {
		t.Errorf("without a message: Message() = %q, Error() = %q, want %q", e.Message(), e.Error(), "not found")
	}
	if m := endpoint.FromWire(99, "", "", "").Message(); m != "unknown error" {
		t.Errorf("the message of an unknown code is %q, want %q", m, "unknown error")
	}
}

func TestErrorIs(t *testing.T) {
	t.Parallel()
	declared := endpoint.Define(endpoint.NotFound, "svc", "NOT_FOUND", "not found")
	same := endpoint.Define(endpoint.Internal, "svc", "NOT_FOUND", "other words")
	plain := endpoint.Errorf(endpoint.NotFound, "not found")
	var none *endpoint.Error
	for _, tt := range []struct {
		name   string
		err    error
		target error
		want   bool
	}{
		{"itself", declared, declared, true},
		{"the same identity", same, declared, true},
		{"from afar", endpoint.FromWire(endpoint.NotFound, "svc", "NOT_FOUND", ""), declared, true},
		{"changed", declared.With("no %d", 7).WithMeta("k", "v").WithRetryAfter(1).WithCause(errTest), declared, true},
		{"wrapped", fmt.Errorf("load: %w", declared), declared, true},
		{"as a cause", endpoint.Errorf(endpoint.Internal, "load: %w", declared), declared, true},
		{"one of several", errors.Join(errTest, declared), declared, true},
		{"a cause of it", declared.WithCause(errTest), errTest, true},
		{"another reason", endpoint.Define(endpoint.NotFound, "svc", "GONE", ""), declared, false},
		{"another domain", endpoint.Define(endpoint.NotFound, "other", "NOT_FOUND", ""), declared, false},
		{"only a domain", endpoint.FromWire(endpoint.NotFound, "svc", "", ""), endpoint.FromWire(endpoint.NotFound, "svc", "", ""), false},
		{"only a reason", endpoint.FromWire(endpoint.NotFound, "", "GONE", ""), endpoint.FromWire(endpoint.NotFound, "", "GONE", ""), false},
		{"no identity, the very same", plain, plain, true},
		{"no identity", endpoint.Errorf(endpoint.NotFound, "not found"), plain, false},
		{"a deadline", endpoint.Errorf(endpoint.DeadlineExceeded, "late"), context.DeadlineExceeded, true},
		{"a deadline from afar", fmt.Errorf("call: %w", endpoint.FromWire(endpoint.DeadlineExceeded, "svc", "LATE", "")), context.DeadlineExceeded, true},
		{"no deadline", endpoint.Errorf(endpoint.Unavailable, "down"), context.DeadlineExceeded, false},
		// A server that cancels by itself is not a caller that gave up.
		{"a cancellation", endpoint.Errorf(endpoint.Canceled, "stopped"), context.Canceled, false},
		{"another type", declared, errTest, false},
		{"a nil target", declared, none, false},
		{"a nil error", none, declared, false},
		{"a nil error and a deadline", none, context.DeadlineExceeded, false},
	} {
		if got := errors.Is(tt.err, tt.target); got != tt.want {
			t.Errorf("%s: errors.Is(%v, %v) = %v, want %v", tt.name, tt.err, tt.target, got, tt.want)
		}
	}
}

// A variable of type *Error that was never set, returned as an error, is a
// defect, and must not be a panic on top.
func TestErrorNil(t *testing.T) {
	t.Parallel()
	var none *endpoint.Error
	var err error = none
	wrapped := fmt.Errorf("load: %w", err)
	if err.Error() == "" || errors.Unwrap(err) != nil || errors.Is(wrapped, errTest) || !strings.HasPrefix(wrapped.Error(), "load: ") {
		t.Errorf("a nil *Error as an error: %q, wrapped %q", err, wrapped)
	}
	for _, err := range []error{err, wrapped} {
		if e := endpoint.ErrorOf(err); e == nil || e.Code() != endpoint.Internal || e.Message() != "internal error" || e.Error() == "" {
			t.Errorf("ErrorOf(%v) = %v, want an Internal error", err, e)
		}
	}
}

// The With methods change a copy, and no copy changes another.
func TestErrorImmutable(t *testing.T) {
	t.Parallel()
	base := endpoint.Define(endpoint.InvalidArgument, "svc", "INVALID", "invalid").
		WithMeta("a", "1").
		WithRetryAfter(time.Second)
	for _, s := range []string{"a", "b", "c", "d", "e"} { // one by one, so that append leaves room
		base = base.WithViolations(endpoint.Violation{Pointer: "/" + s}).WithHelp(endpoint.Link{URL: s})
	}
	show := func(e *endpoint.Error) string {
		return fmt.Sprint(e, e.Code(), e.Domain(), e.Reason(), e.Message(), e.Violations(), e.Help(), e.Meta(), e.RetryAfter(), e.Remote())
	}
	before := show(base)
	changes := map[string]func(*endpoint.Error, string) *endpoint.Error{
		"With":      func(e *endpoint.Error, s string) *endpoint.Error { return e.With("said %s", s) },
		"WithCause": func(e *endpoint.Error, s string) *endpoint.Error { return e.WithCause(errors.New(s)) },
		"WithViolations": func(e *endpoint.Error, s string) *endpoint.Error {
			return e.WithViolations(endpoint.Violation{Parameter: s}, endpoint.Violation{Detail: s})
		},
		"WithHelp": func(e *endpoint.Error, s string) *endpoint.Error { return e.WithHelp(endpoint.Link{URL: s}) },
		"WithMeta": func(e *endpoint.Error, s string) *endpoint.Error { return e.WithMeta("a", s) },
		"WithRetryAfter": func(e *endpoint.Error, s string) *endpoint.Error {
			return e.WithRetryAfter(time.Duration(len(s)) * time.Minute)
		},
		"what is returned": func(e *endpoint.Error, s string) *endpoint.Error {
			e.Violations()[0].Detail, e.Help()[0].URL, e.Meta()["a"] = s, s, s
			return e
		},
	}
	for name, change := range changes {
		first := change(base, "x")
		shown := show(first)
		change(base, "other")
		change(first, "another")
		if got := show(base); got != before {
			t.Errorf("%s changes what it is called on:\n%s\nwas\n%s", name, got, before)
		}
		if got := show(first); got != shown {
			t.Errorf("%s: a later copy changes an earlier one:\n%s\nwas\n%s", name, got, shown)
		}
	}
	vs := []endpoint.Violation{{Detail: "mine"}}
	e := endpoint.Errorf(endpoint.InvalidArgument, "invalid").WithViolations(vs...)
	if vs[0].Detail = "changed"; e.Violations()[0].Detail != "mine" {
		t.Error("an error keeps the slice that WithViolations was given")
	}
}

func TestErrorDetails(t *testing.T) {
	t.Parallel()
	e := endpoint.Errorf(endpoint.InvalidArgument, "invalid").
		WithViolations(endpoint.Violation{Pointer: "/a"}).WithViolations(endpoint.Violation{Parameter: "query:b"}).
		WithHelp(endpoint.Link{URL: "a"}, endpoint.Link{URL: "b"}).
		WithMeta("a", "1").WithMeta("b", "2").WithMeta("a", "3")
	if got := e.Violations(); !slices.Equal(got, []endpoint.Violation{{Pointer: "/a"}, {Parameter: "query:b"}}) {
		t.Errorf("Violations() = %v, want both in order", got)
	}
	if got := e.Help(); !slices.Equal(got, []endpoint.Link{{URL: "a"}, {URL: "b"}}) {
		t.Errorf("Help() = %v, want both in order", got)
	}
	if got := e.Meta(); len(got) != 2 || got["a"] != "3" || got["b"] != "2" {
		t.Errorf("Meta() = %v, want a=3 and b=2", got)
	}
	for given, want := range map[time.Duration]time.Duration{-time.Second: 0, 0: 0, time.Second: time.Second} {
		if got := e.WithRetryAfter(given).RetryAfter(); got != want {
			t.Errorf("WithRetryAfter(%v).RetryAfter() = %v, want %v", given, got, want)
		}
	}
}

func TestErrorOf(t *testing.T) {
	t.Parallel()
	declared := endpoint.Define(endpoint.NotFound, "svc", "NOT_FOUND", "no such thing")
	for _, tt := range []struct {
		name    string
		err     error
		code    endpoint.Code
		message string
	}{
		{"no code", errTest, endpoint.Internal, "internal error"},
		{"a coded one", declared, endpoint.NotFound, "no such thing"},
		{"wrapped", fmt.Errorf("secret: %w", declared), endpoint.NotFound, "no such thing"},
		{"the outermost of two", endpoint.Errorf(endpoint.Aborted, "conflict: %w", declared), endpoint.Aborted, "conflict"},
		{"the first of several", errors.Join(errTest, declared, endpoint.Errorf(endpoint.Aborted, "x")), endpoint.NotFound, "no such thing"},
		{"Canceled", context.Canceled, endpoint.Canceled, "canceled"},
		{"Canceled, wrapped", fmt.Errorf("secret: %w", context.Canceled), endpoint.Canceled, "canceled"},
		{"DeadlineExceeded", context.DeadlineExceeded, endpoint.DeadlineExceeded, "deadline exceeded"},
		{"a coded one beside a deadline", errors.Join(context.DeadlineExceeded, declared), endpoint.NotFound, "no such thing"},
		{"both of the context's", errors.Join(context.DeadlineExceeded, context.Canceled), endpoint.Canceled, "canceled"},
		{"marked", endpoint.MarkNotSent(declared), endpoint.NotFound, "no such thing"},
		{"a break", endpoint.ErrStopped, endpoint.Canceled, "the reader stopped"},
		{"a panic", &endpoint.PanicError{Value: declared}, endpoint.Internal, "internal error"},
	} {
		e := endpoint.ErrorOf(tt.err)
		if e.Code() != tt.code || e.Message() != tt.message || endpoint.CodeOf(tt.err) != tt.code {
			t.Errorf("%s: ErrorOf(%v) is %v %q and CodeOf %v, want %v %q", tt.name, tt.err, e.Code(), e.Message(), endpoint.CodeOf(tt.err), tt.code, tt.message)
		}
		if !errors.Is(e, tt.err) && !errors.Is(tt.err, e) {
			t.Errorf("%s: ErrorOf(%v) lost the error", tt.name, tt.err)
		}
	}
	if e, code := endpoint.ErrorOf(nil), endpoint.CodeOf(nil); e != nil || code != endpoint.OK {
		t.Errorf("for nil, ErrorOf is %v and CodeOf %v, want nil and OK", e, code)
	}
}

func TestFromWire(t *testing.T) {
	t.Parallel()
	e := endpoint.FromWire(99, "Any Domain", "any reason", "any words")
	if !e.Remote() || e.Code() != 99 || e.Domain() != "Any Domain" || e.Reason() != "any reason" || e.Message() != "any words" {
		t.Errorf("FromWire = %#v, want it unchecked and remote", e)
	}
	if c := e.With("else").WithMeta("k", "v"); !c.Remote() {
		t.Error("a changed copy of a remote error is not remote")
	}
}

// TestErrorTextOfPeer has texts of a peer in what Error returns for logs: cut, and
// without characters that control a terminal. Message returns them as they came.
func TestErrorTextOfPeer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<10)
	shout := "a\x1b[2J\nb\u202ec"
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"a message", endpoint.FromWire(endpoint.NotFound, "svc", "GONE", shout), "a\ufffd[2J b\ufffdc"},
		{"a long message", endpoint.FromWire(endpoint.NotFound, "svc", "GONE", long+"y"), long + "…"},
		{"a cause", endpoint.FromWire(endpoint.NotFound, "svc", "GONE", "gone").WithCause(errors.New(shout + long)), "gone: a\ufffd[2J b\ufffdc" + long[len(shout)+2:] + "…"},
		{"a cause with the same text", endpoint.FromWire(endpoint.NotFound, "", "", shout).WithCause(errors.New(shout)), "a\ufffd[2J b\ufffdc"},
		{"in words of this side", endpoint.FromWire(endpoint.NotFound, "", "", "x").With("look: %w", errors.New(shout)), "look: a\ufffd[2J b\ufffdc"},
		{"as a cause", endpoint.Errorf(endpoint.Internal, "ask: %w", endpoint.FromWire(endpoint.NotFound, "", "", shout)), "ask: a\ufffd[2J b\ufffdc"},
		{"of this process", endpoint.Errorf(endpoint.NotFound, "%s", shout+long), shout + long},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s: Error() = %q, want %q", tt.name, got, tt.want)
		}
	}
	if m := endpoint.FromWire(endpoint.NotFound, "svc", "GONE", shout+long).Message(); m != shout+long {
		t.Errorf("Message() = %q, want it as it came", m)
	}
}
