package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/typedkit/endpoint"
)

// verbose is an error that formats itself and obeys no precision.
type verbose struct{}

func (verbose) Error() string                { return "SECRET" }
func (verbose) Format(s fmt.State, _ rune)   { _, _ = io.WriteString(s, "SECRET") }
func (verbose) Is(target error) bool         { return target == errTest }
func args(as ...any) []any                   { return as }
func format(f string) string                 { return f } // hides deliberate misuse from vet
func secret(text string) error               { return errors.New("SECRET" + text) }
func wrapped(text string, inner error) error { return fmt.Errorf("%s: %w", text, inner) }
func errorf(f string, as []any) *endpoint.Error {
	return endpoint.Errorf(endpoint.NotFound, format(f), as...)
}

// The message is for the caller, the text is for logs, the cause is for
// errors.Is: what a %w stands for is in the text only.
func TestErrorf(t *testing.T) {
	t.Parallel()
	one, two := secret("1"), secret("2")
	for _, tt := range []struct {
		name          string
		format        string
		args          []any
		message, text string
		causes        []error
	}{
		{"no operands", "gone", nil, "gone", "gone", nil},
		{"operands", "no %s with id %d", args("profile", 7), "no profile with id 7", "no profile with id 7", nil},
		{"an error by %v is told", "gone: %v", args(one), "gone: SECRET1", "gone: SECRET1", nil},
		{"%w at the end", "load user: %w", args(one), "load user", "load user: SECRET1", []error{one}},
		{"%w after a space", "load user %w", args(one), "load user", "load user SECRET1", []error{one}},
		{"%w with operands before", "load %s %d: %w", args("user", 7, one), "load user 7", "load user 7: SECRET1", []error{one}},
		{"%w with operands after", "load: %w (try %d)", args(one, 3), "load (try 3)", "load: SECRET1 (try 3)", []error{one}},
		{"%w in the middle", "load %w failed", args(one), "load failed", "load SECRET1 failed", []error{one}},
		{"%w first", "%w: load", args(one), "load", "SECRET1: load", []error{one}},
		{"%w alone", "%w", args(one), "not found", "SECRET1", []error{one}},
		{"several %w", "load: %w; undo: %w", args(one, two), "load; undo", "load: SECRET1; undo: SECRET2", []error{one, two}},
		{"an explicit operand", "load: %[1]w", args(one), "load", "load: SECRET1", []error{one}},
		{"explicit operands", "%[2]s: %[1]w", args(one, "load"), "load", "load: SECRET1", []error{one}},
		{"implicit after explicit", "%[1]s: %w", args("load", one), "load", "load: SECRET1", []error{one}},
		{"an operand twice", "load %[1]q: %[2]w", args("user", one), `load "user"`, `load "user": SECRET1`, []error{one}},
		{"flags", "load: %+w", args(one), "load", "load: SECRET1", []error{one}},
		{"a width", "load: %-9w", args(one), "load", "load: SECRET1  ", []error{one}},
		{"a width and a precision", "load: %9.3w", args(one), "load", "load:       SEC", []error{one}},
		{"a percent sign", "100%% of %%w: %w", args(one), "100% of %w", "100% of %w: SECRET1", []error{one}},
		{"an error that formats itself", "load: %w", args(verbose{}), "load", "load: SECRET", []error{verbose{}, errTest}},
		{"one told and one not", "%v: %w", args(verbose{}, one), "SECRET", "SECRET: SECRET1", []error{one}},
		{"a coded error", "load: %w", args(errDeclared), "load", "load: declared", []error{errDeclared}},
		{"a chain", "load: %w", args(wrapped("read", one)), "load", "load: read: SECRET1", []error{one}},

		// What does not fit is not sent: it may show what was meant as a cause.
		{"an operand too many", "load", args(one), "not found", "load%!(EXTRA *errors.errorString=SECRET1)", nil},
		{"%w and an operand too many", "load: %w", args(one, two), "not found", "load: SECRET1%!(EXTRA *errors.errorString=SECRET2)", []error{one}},
		{"an operand too few", "load %d: %w", args(7), "not found", "load 7: %!w(MISSING)", nil},
		{"no error", "load: %w", args("SECRET"), "not found", "load: %!w(string=SECRET)", nil},
		{"nil", "load: %w", args(nil), "not found", "load: %!w(<nil>)", nil},
		{"a verb that does not fit", "load %d: %w", args("SECRET", one), "not found", "load %!d(string=SECRET): SECRET1", []error{one}},
		{"a width from the operands", "load: %*w", args(3, one), "not found", "load: SECRET1", []error{one}},
		{"no verb", "load: %w %", args(one), "not found", "load: SECRET1 %!(NOVERB)", []error{one}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			defined := endpoint.Define(endpoint.NotFound, "svc", "GONE", "gone")
			for how, e := range map[string]*endpoint.Error{
				"Errorf":     errorf(tt.format, tt.args),
				"With":       defined.With(format(tt.format), tt.args...),
				"With twice": defined.With("first: %w", io.EOF).With(format(tt.format), tt.args...),
			} {
				if e.Message() != tt.message || e.Error() != tt.text || e.Code() != endpoint.NotFound {
					t.Errorf("%s(%q): code %v, message %q, text %q, want %v, %q, %q", how, tt.format, e.Code(), e.Message(), e.Error(), endpoint.NotFound, tt.message, tt.text)
				}
				for _, cause := range tt.causes {
					if !errors.Is(e, cause) {
						t.Errorf("%s(%q) does not match its cause %v", how, tt.format, cause)
					}
				}
				if tt.causes == nil && e.Unwrap() != nil || errors.Is(e, io.EOF) {
					t.Errorf("%s(%q) has the cause %v, want none", how, tt.format, e.Unwrap())
				}
				if is := errors.Is(e, defined); is != (how != "Errorf") {
					t.Errorf("%s(%q) has the identity: %v", how, tt.format, is)
				}
			}
		})
	}
}

func TestErrorfCode(t *testing.T) {
	t.Parallel()
	for given, want := range map[endpoint.Code]endpoint.Code{
		endpoint.OK: endpoint.Unknown, 17: endpoint.Unknown, -1: endpoint.Unknown,
		endpoint.Canceled: endpoint.Canceled, endpoint.Unauthenticated: endpoint.Unauthenticated,
	} {
		if got := endpoint.Errorf(given, "x").Code(); got != want {
			t.Errorf("Errorf(%v, …).Code() = %v, want %v", given, got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		err           *endpoint.Error
		message, text string
	}{
		{"a cause", endpoint.Define(endpoint.NotFound, "svc", "GONE", "gone").WithCause(errTest), "gone", "gone: failed"},
		{"no message and a cause", endpoint.FromWire(endpoint.NotFound, "", "", "").WithCause(errTest), "not found", "not found: failed"},
		{"a cause after a %w", endpoint.Errorf(endpoint.NotFound, "load: %w", io.EOF).WithCause(errTest), "load", "load: EOF: failed"},
		{"a cause taken back", endpoint.Errorf(endpoint.NotFound, "load").WithCause(errTest).WithCause(nil), "load", "load"},
	} {
		if tt.err.Message() != tt.message || tt.err.Error() != tt.text {
			t.Errorf("%s: message %q, text %q, want %q, %q", tt.name, tt.err.Message(), tt.err.Error(), tt.message, tt.text)
		}
	}
}
