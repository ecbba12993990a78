package transporttest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
)

// An errorRow is an error of a handler and the outcome for its caller.
type errorRow struct {
	name string
	err  error
	want outcome
}

// unchanged returns a row whose error arrives as it is.
func unchanged(name string, err *endpoint.Error) errorRow { return errorRow{name, err, outcomeOf(err)} }

// wantErrors makes a call for each row and compares its outcome.
func (k *kit) wantErrors(rows []errorRow) {
	k.t.Helper()
	var err error
	e := k.open(Zoo{Unary: func(context.Context, Message) (Message, error) { return response(), err }}, setup{})
	for _, r := range rows {
		err = r.err
		got, failed := e.Unary(k.ctx, request())
		k.wantRemote(r.name, failed, r.want)
		k.wantMessages(r.name+": the response beside the error", []Message{got}, Message{})
	}
}

func testCodes(k *kit) {
	var rows []errorRow
	for c := endpoint.Canceled; c <= endpoint.Unauthenticated; c++ {
		rows = append(rows, unchanged(c.String(), endpoint.Errorf(c, "message of %d", int(c))))
	}
	k.wantErrors(rows)
	e := k.open(Zoo{Unary: func(_ context.Context, m Message) (Message, error) {
		return Message{}, endpoint.Errorf(endpoint.Code(m.Number), "message") //nolint:gosec // it is a code
	}}, setup{})
	_, err := e.Unary(k.ctx, Message{Number: int64(endpoint.DeadlineExceeded)})
	if !errors.Is(err, context.DeadlineExceeded) {
		k.t.Errorf("an error of code DeadlineExceeded is not a context.DeadlineExceeded: %v", err)
	}
	_, err = e.Unary(k.ctx, Message{Number: int64(endpoint.Canceled)})
	if errors.Is(err, context.Canceled) {
		k.t.Errorf("an error of code Canceled that the server answered is a context.Canceled, as if the caller had given up: %v", err)
	}
}

func testPlainErrors(k *kit) {
	k.wantErrors([]errorRow{
		{"an error without a code", errors.New(secret), internal},
		{"one that wraps another", fmt.Errorf("%s: %w", secret, errors.New("x")), internal},
		{"the cause of a code", endpoint.Errorf(endpoint.DataLoss, "load: %w", errors.New(secret)), plain(endpoint.DataLoss, "load")},
		{"the cause of a declared error", errDeclared.WithCause(errors.New(secret)), outcomeOf(errDeclared)},
		{"a code in a cause", fmt.Errorf("%s: %w", secret, endpoint.Errorf(endpoint.NotFound, "nothing there")), plain(endpoint.NotFound, "nothing there")},
		{"a handler that gives up", context.Canceled, plain(endpoint.Canceled, "canceled")},
		{"a handler out of time", context.DeadlineExceeded, plain(endpoint.DeadlineExceeded, "deadline exceeded")},
		{"a message that is empty", endpoint.Errorf(endpoint.NotFound, ""), plain(endpoint.NotFound, "not found")},
	})
}

func testDeclaredErrors(k *kit) {
	rows := []errorRow{
		unchanged("as it is", errDeclared),
		unchanged("other words", errDeclared.With("no: %d", 7)),
		{"in another error", fmt.Errorf("%s: %w", secret, errDeclared), outcomeOf(errDeclared)},
	}
	k.wantErrors(rows)
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{open: func(context.Context) error { return rows[2].err }}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, request())
		if !errors.Is(err, errDeclared) {
			k.t.Errorf("%s: errors.Is does not find the declared error in %v", kd.name, err)
		}
		if errors.Is(err, errUndeclared) {
			k.t.Errorf("%s: errors.Is finds another error in %v", kd.name, err)
		}
	}
}

func testUndeclaredErrors(k *kit) {
	k.wantErrors([]errorRow{unchanged("as it is", errUndeclared), unchanged("other words", errUndeclared.With("other words"))})
}

// detailed returns e with other words and every kind of detail.
func detailed(e *endpoint.Error) *endpoint.Error {
	return e.With("no: %d", 7).
		WithViolations(endpoint.Violation{Pointer: "/text", Detail: "is bad"}, endpoint.Violation{Parameter: "query:q", Detail: "is worse"}).
		WithRetryAfter(1200*time.Millisecond).
		WithHelp(endpoint.Link{Description: "a page", URL: "https://example.com/"}).
		WithMeta("k", "v").WithMeta("other", "žluť\n\"")
}

func testErrorDetails(k *kit) {
	all := detailed(errDeclared)
	k.wantErrors([]errorRow{
		unchanged("violations", errDeclared.WithViolations(all.Violations()...)),
		unchanged("one violation", errDeclared.WithViolations(endpoint.Violation{Pointer: "", Detail: "of the whole"})),
		unchanged("a minute to wait", errDeclared.WithRetryAfter(time.Minute)),
		unchanged("a millisecond to wait", errDeclared.WithRetryAfter(time.Millisecond)),
		unchanged("links", errDeclared.WithHelp(all.Help()...)),
		unchanged("metadata", errDeclared.WithMeta("k", "v").WithMeta("empty", "")),
		unchanged("all", all),
		unchanged("all, without an identity", detailed(endpoint.Errorf(endpoint.NotFound, "x"))),
		unchanged("of an error that is not declared", detailed(errUndeclared)),
	})
}

func testErrorText(k *kit) {
	bad := []endpoint.Violation{{Pointer: "/a\xff", Detail: "b\xff"}, {Parameter: "query:c\xff", Detail: "d"}}
	clean := []endpoint.Violation{{Pointer: "/a\ufffd", Detail: "b\ufffd"}, {Parameter: "query:c\ufffd", Detail: "d"}}
	k.wantErrors([]errorRow{
		{"message", errDeclared.With("a\xffb"), outcomeOf(errDeclared.With("a\ufffdb"))},
		{"metadata", errDeclared.WithMeta("k", "a\xff").WithMeta("\xff", "b"), outcomeOf(errDeclared.WithMeta("k", "a\ufffd").WithMeta("\ufffd", "b"))},
		{"violations", errDeclared.WithViolations(bad...), outcomeOf(errDeclared.WithViolations(clean...))},
		{
			"links", errDeclared.WithHelp(endpoint.Link{Description: "a\xff", URL: "b\xff"}),
			outcomeOf(errDeclared.WithHelp(endpoint.Link{Description: "a\ufffd", URL: "b\ufffd"})),
		},
	})
}

func testErrorLimits(k *kit) {
	const cut = 1023 // before a rune of two bytes
	long := strings.Repeat("x", cut) + "žluť"
	full := func(e *endpoint.Error, text string, faults int, wait time.Duration) *endpoint.Error {
		vs := make([]endpoint.Violation, faults)
		for i := range vs {
			vs[i] = endpoint.Violation{Pointer: "/" + strconv.Itoa(i), Detail: "bad"}
		}
		vs[1] = endpoint.Violation{Pointer: text, Detail: text}
		vs[2] = endpoint.Violation{Parameter: "query:" + text[len("query:"):], Detail: text}
		return e.WithViolations(vs...).WithRetryAfter(wait).WithHelp(endpoint.Link{Description: text, URL: text}).WithMeta("k", text)
	}
	behind := endpoint.FromWire(errBehind.Code(), errBehind.Domain(), errBehind.Reason(), long)
	k.wantErrors([]errorRow{
		unchanged("as many as may be", full(errDeclared, "short text", 50, 48*time.Hour)),
		{"too many violations", full(errDeclared, "short text", 60, time.Second), outcomeOf(full(errDeclared, "short text", 50, time.Second))},
		{"of a service behind", full(behind, long, 60, 48*time.Hour), outcomeOf(full(errBehind.With("%s", long[:cut]), long[:cut], 50, 24*time.Hour))},
	})
}

// testHooks has errors of every kind. Panics are in cases of their own.
func testHooks(k *kit) {
	cause := errors.New(secret)
	for _, kd := range k.kinds() {
		var fail func(ctx context.Context) error
		e := k.scripted(kd, script{first: func(ctx context.Context) error { return fail(ctx) }}, setup{})
		for _, tt := range []struct {
			name string
			err  error
		}{
			{"an error without a code", cause},
			{"a declared error", errDeclared.WithCause(cause)},
			{"an error that is not declared", errUndeclared.WithCause(cause)},
			{"an error of a service behind", endpoint.FromWire(errStrange.Code(), "behind", "STRANGE", "x").WithCause(cause)},
		} {
			before := len(e.hooked.after(0))
			fail = func(context.Context) error { return tt.err }
			_, err := kd.call(k.ctx, e.Zoo, request())
			what := kd.name + ", " + tt.name
			if err == nil {
				k.t.Errorf("%s: the call succeeded", what)
			}
			if !poll(patience, func() bool { return len(e.hooked.after(before)) > 0 }) {
				k.t.Errorf("%s: the hook was not called", what)
				continue
			}
			k.next(e.server, what)
			switch calls := e.hooked.after(before); {
			case len(calls) != 1:
				k.t.Errorf("%s: the hook was called %d times, with %s", what, len(calls), texts(calls))
			case !errors.Is(calls[0].err, cause):
				k.t.Errorf("%s: the hook does not get the cause: %v", what, calls[0].err)
			case calls[0].op.Name != kd.name:
				k.t.Errorf("%s: the context of the hook has the operation %q", what, calls[0].op.Name)
			}
		}
		before := len(e.hooked.after(0))
		fail = func(context.Context) error { return nil }
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.next(e.server, kd.name)
		if calls := e.hooked.after(before); len(calls) > 0 {
			k.t.Errorf("%s: the hook was called for a success, with %s", kd.name, texts(calls))
		}
	}
}
