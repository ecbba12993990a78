package endpoint

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrStopped is what layers get as the error of a stream whose reader broke out
// of its loop. It matches [context.Canceled].
var ErrStopped = Define(Canceled, "endpoint", "STOPPED", "the reader stopped").WithCause(context.Canceled)

// An Error is an error with a meaning that travels: a canonical [Code], an
// identity (domain and reason), a message for the caller, details of a few
// fixed kinds (the shapes of google.rpc's error details), and a cause that is
// never sent. Make one with [Define] or [Errorf]. An Error is immutable: its
// With methods return a changed copy. It is safe for concurrent use.
type Error struct {
	code           Code
	remote         bool
	refusal        bool // of a call that was not made; see mark.Refusal
	domain, reason string
	message        string // for the caller
	text           string // for logs; message where empty
	textHasCause   bool
	violations     []Violation
	retryAfter     time.Duration
	help           []Link
	meta           *pair // the one that was added last
	cause          error
}

// A pair is a piece of metadata. Each pair points to the one that was added before
// it, so that adding one to an error with many costs no more than to one with none.
// See decision 128.
type pair struct {
	key, value string
	before     *pair
}

// A Violation is one fault of a request. Either Pointer or Parameter says where.
type Violation struct {
	// Pointer is a JSON pointer (RFC 6901) into the body of the request.
	Pointer string
	// Parameter is "path:", "query:", "header:" or "cookie:" and the name.
	Parameter string
	// Detail says what is wrong, without the value that was sent.
	Detail string
}

// A Link is a page that helps with an error.
type Link struct {
	Description string
	URL         string
}

// The identity of an error has the form that google.rpc.ErrorInfo demands.
var (
	validDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9._/-]{0,126}[a-z0-9])?$`)
	validReason = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,61}[A-Z0-9]$`)
)

// Define declares an error that callers may match with errors.Is, here and in
// another process: a package-level variable, made once. The domain names the
// service that owns the error ("profilesvc", "billing.example.com"), the reason
// is constant UPPER_SNAKE_CASE of at most 63 characters, the message is for the
// caller. The domain "endpoint" is the toolkit's own.
//
// Define panics on a malformed domain or reason and on a code that is [OK] or
// not canonical, as regexp.MustCompile does.
func Define(code Code, domain, reason, message string) *Error {
	var faults []string
	refusal := code >= mark.Refusal && domain == "endpoint"
	if refusal {
		code &^= mark.Refusal
	}
	if code == OK || !code.known() {
		faults = append(faults, "code "+code.String()+" is not one of an error")
	}
	if !validDomain.MatchString(domain) {
		faults = append(faults, fmt.Sprintf("domain %q does not match %s", domain, validDomain))
	}
	if !validReason.MatchString(reason) {
		faults = append(faults, fmt.Sprintf("reason %q does not match %s", reason, validReason))
	}
	if faults != nil {
		panic("endpoint: Define: " + strings.Join(faults, "; "))
	}
	return &Error{code: code, refusal: refusal, domain: domain, reason: reason, message: message}
}

// Errorf returns an error with a code and without an identity. Its message goes
// to the caller; the operand of a %w is its cause, and neither the cause nor
// the separator before it is part of the message:
//
//	Errorf(code, "load user: %w", err) // sends "load user"
//
// A code that is [OK] or not canonical becomes [Unknown]. When the operands do
// not fit the format, the text shows it and the message is the code's general
// one.
func Errorf(code Code, format string, args ...any) *Error {
	if code == OK || !code.known() {
		code = Unknown
	}
	e := &Error{code: code}
	e.setText(format, args)
	return e
}

// FromWire returns an error as it came over a wire, for authors of transports:
// [Error.Remote] is true for it, and nothing is checked, because a newer peer
// may send what this one does not know.
func FromWire(code Code, domain, reason, message string) *Error {
	return &Error{code: code, remote: true, domain: domain, reason: reason, message: message}
}

var (
	// wrapVerb finds a %w, also one with flags or an explicit operand, with the
	// separator before it. The first alternative eats %% so that "%%w" is left
	// alone.
	wrapVerb = regexp.MustCompile(`%%|[: ]*%[-+# 0]*[0-9]*(?:\.[0-9]*)?(\[[0-9]+\])?w`)
	// misprint finds what fmt prints for operands that do not fit the format.
	misprint = regexp.MustCompile(`%!.?\(`)
)

func (e *Error) setText(format string, args []any) {
	full := fmt.Errorf(format, args...)
	e.text, e.message = full.Error(), full.Error()
	switch u := full.(type) {
	case interface{ Unwrap() error }:
		e.cause = u.Unwrap()
	case interface{ Unwrap() []error }:
		e.cause = errors.Join(u.Unwrap()...)
	}
	if e.cause != nil {
		e.textHasCause = true
		// %.0s prints nothing of its operand and uses it up, as %w would.
		cut := wrapVerb.ReplaceAllStringFunc(format, func(verb string) string {
			if verb == "%%" {
				return verb
			}
			return "%.0" + wrapVerb.FindStringSubmatch(verb)[1] + "s"
		})
		e.message = strings.TrimLeft(fmt.Sprintf(cut, quiet(args)...), ": ")
	}
	if misprint.MatchString(e.message) {
		// It may show an operand that was meant as a cause. The text has it all.
		e.message = ""
	}
}

// quiet replaces each error that formats itself, and need not obey %.0s, by one
// that does.
func quiet(args []any) []any {
	args = slices.Clone(args)
	for i, a := range args {
		if err, ok := a.(selfFormatting); ok {
			args[i] = quietError{err}
		}
	}
	return args
}

type selfFormatting interface {
	error
	fmt.Formatter
}

// See decision 76.
type quietError struct{ selfFormatting }

func (q quietError) Format(s fmt.State, verb rune) {
	if p, ok := s.Precision(); ok && p == 0 && verb == 's' {
		return
	}
	q.selfFormatting.Format(s, verb)
}

// With returns e with other words and the same code, identity and details. The
// format is as in [Errorf], %w included.
func (e *Error) With(format string, args ...any) *Error {
	c := *e
	c.cause, c.textHasCause = nil, false
	c.setText(format, args)
	return &c
}

// WithCause returns e with a cause for errors.Is, errors.As and logs. A cause
// is never sent.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause, c.textHasCause = cause, false
	return &c
}

// WithViolations returns e with these faults of the request added.
func (e *Error) WithViolations(vs ...Violation) *Error {
	c := *e
	c.violations = append(slices.Clip(e.violations), vs...)
	return &c
}

// WithRetryAfter returns e with the time after which a repeat makes sense. A
// negative duration counts as none.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.retryAfter = max(d, 0)
	return &c
}

// WithHelp returns e with these links added.
func (e *Error) WithHelp(links ...Link) *Error {
	c := *e
	c.help = append(slices.Clip(e.help), links...)
	return &c
}

// WithMeta returns e with a piece of metadata for programs. It is sent.
func (e *Error) WithMeta(key, value string) *Error {
	c := *e
	c.meta = &pair{key, value, e.meta}
	return &c
}

// Code returns the canonical code.
func (e *Error) Code() Code { return e.code }

// Domain returns the first half of the identity; empty for an error of Errorf.
func (e *Error) Domain() string { return e.domain }

// Reason returns the second half of the identity; empty for an error of Errorf.
func (e *Error) Reason() string { return e.reason }

// Message returns what the caller is told.
func (e *Error) Message() string {
	if e.message == "" {
		return e.code.generic()
	}
	return e.message
}

// Violations returns the faults of the request.
func (e *Error) Violations() []Violation { return slices.Clone(e.violations) }

// RetryAfter returns how long to wait before a repeat; 0 when the error does
// not say.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// Help returns the links.
func (e *Error) Help() []Link { return slices.Clone(e.help) }

// Meta returns the metadata, nil if there is none.
func (e *Error) Meta() map[string]string {
	if e.meta == nil {
		return nil
	}
	all := map[string]string{}
	for p := e.meta; p != nil; p = p.before {
		if _, newer := all[p.key]; !newer {
			all[p.key] = p.value
		}
	}
	return all
}

// Remote says that the error came over a wire.
func (e *Error) Remote() bool { return e.remote }

// Error returns the whole text, the violations and the cause included: it is for logs.
// The caller gets [Error.Message]. The violations are cut after 1 KiB. Of an error that
// came over a wire, the text has the message and the cause, each cut after 1 KiB; in all
// of these, characters that are not graphic are replaced. Error,
// Unwrap and Is are safe on a nil *Error, so returning an unset *Error variable does
// not panic.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := e.line(e.text)
	if text == "" {
		text = e.line(e.Message())
	}
	// See decision 151.
	withFaults := text
	if faults := e.faults(); faults != "" && !strings.Contains(text, faults) {
		withFaults += ": " + faults
	}
	shown := withFaults
	if e.remote {
		shown = text
	}
	if e.cause == nil || e.textHasCause || mark.IsUnshown(e.cause) {
		return shown
	}
	// The cause of an error that came over a wire is the same error, as it came. Its
	// text is not repeated.
	if cause := e.line(e.cause.Error()); cause != text && cause != withFaults {
		shown += ": " + cause
	}
	return shown
}

// faults returns the violations as one line.
func (e *Error) faults() string {
	if len(e.violations) == 0 {
		return ""
	}
	var line strings.Builder
	for i, v := range e.violations {
		if i > 0 {
			line.WriteString("; ")
		}
		if place := v.Pointer + v.Parameter; place != "" {
			line.WriteString(place + " ")
		}
		line.WriteString(v.Detail)
		if line.Len() > bounds.Text {
			break
		}
	}
	return bounds.Line(line.String())
}

// line returns a text of e for logs.
func (e *Error) line(text string) string {
	if e.remote {
		return bounds.Line(text)
	}
	return text
}

// bounded returns e as a server may send it: e itself, or a copy whose faults are
// limited in number and, if it came over a wire, whose texts are limited in length.
// Its identity is not cut, because it is that of an error which the operation declares.
// See decision 128.
func (e *Error) bounded() *Error {
	if len(e.violations) <= bounds.Faults && !e.remote {
		return e
	}
	c := *e
	c.violations = slices.Clone(e.violations[:min(len(e.violations), bounds.Faults)])
	if !e.remote {
		return &c
	}
	c.message = bounds.Cut(e.message, bounds.Detail)
	c.retryAfter = min(e.retryAfter, bounds.RetryAfter)
	for i, v := range c.violations {
		c.violations[i] = Violation{bounds.Cut(v.Pointer, bounds.Detail), bounds.Cut(v.Parameter, bounds.Detail), bounds.Cut(v.Detail, bounds.Detail)}
	}
	c.help = slices.Clone(e.help)
	for i, l := range c.help {
		c.help[i] = Link{bounds.Cut(l.Description, bounds.Detail), bounds.Cut(l.URL, bounds.Detail)}
	}
	c.meta = nil
	for k, v := range e.Meta() {
		c.meta = &pair{k, bounds.Cut(v, bounds.Meta), c.meta}
	}
	return &c
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Is says that target is an Error with the same domain and reason, neither
// empty. Code, message and details play no part. An error of code
// [DeadlineExceeded] also is a [context.DeadlineExceeded]: which side of a wire
// saw first that the time was up is a matter of chance.
func (e *Error) Is(target error) bool {
	// See decision 12.
	if e == nil {
		return false
	}
	if target == context.DeadlineExceeded {
		return e.code == DeadlineExceeded
	}
	t, ok := target.(*Error)
	return ok && t != nil && e.domain != "" && e.reason != "" && e.domain == t.domain && e.reason == t.reason
}

// ErrorOf returns the coded error of err: the outermost [*Error] in its tree,
// else one made from the context's two errors, else an [Internal] one with a
// generic message and err as its cause. It returns nil for nil.
func ErrorOf(err error) *Error {
	// See decision 1.
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e
	}
	code := Internal
	switch {
	case errors.Is(err, context.Canceled):
		code = Canceled
	case errors.Is(err, context.DeadlineExceeded):
		code = DeadlineExceeded
	}
	return &Error{code: code, cause: err}
}

// CodeOf returns the code of err, as [ErrorOf] sees it; [OK] for nil.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	return ErrorOf(err).code
}
