package transporttest

import (
	"context"
	"errors"
	"strings"

	"github.com/typedkit/endpoint"
)

// trapped returns a message with the trap.
func trapped(t Trap) Message { return Message{Trap: t} }

func testUnreadableRequests(k *kit) {
	for _, kd := range k.kinds() {
		ran := false
		e := k.scripted(kd, script{then: func(context.Context) error { ran = true; return nil }}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, trapped(unmarshalFails))
		k.wantIdentity(kd.name, err, endpoint.InvalidArgument, "endpoint/INVALID_REQUEST")
		k.wantEqual(kd.name+": the handler got a message", ran, false)
		k.wantHooked(kd.name, e, func(err error) bool { return endpoint.CodeOf(err) == endpoint.InvalidArgument })
		k.wantAlive(kd.name, e)
	}
}

func testUnreadableResponses(k *kit) {
	bad := trapped(unmarshalFails)
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{answer: &bad}, setup{})
		got, err := kd.call(k.ctx, e.Zoo, request())
		k.wantCode(kd.name, err, endpoint.Internal)
		k.wantEqual(kd.name+": messages", len(got), 0)
		if err != nil && endpoint.ErrorOf(err).Remote() {
			k.t.Errorf("%s: the error of the client is Remote", kd.name)
		}
		k.wantAlive(kd.name, e)
	}
}

func testUnwritableRequests(k *kit) {
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, trapped(marshalFails))
		k.wantCode(kd.name, err, endpoint.InvalidArgument)
		if err != nil && endpoint.ErrorOf(err).Remote() {
			k.t.Errorf("%s: the error of the client is Remote", kd.name)
		}
		k.notWhole(kd.name, kd, e)
		k.wantAlive(kd.name, e)
	}
}

func testUnwritableResponses(k *kit) {
	bad := trapped(marshalFails)
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{answer: &bad}, setup{})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantIdentity(kd.name, err, endpoint.Internal, "")
		k.wantHooked(kd.name, e, func(err error) bool { return endpoint.CodeOf(err) == endpoint.Internal })
		k.wantAlive(kd.name, e)
	}
}

// wantHooked fails the case unless the hook was called once, with an error for
// which is returns true.
func (k *kit) wantHooked(what string, e *ends, is func(err error) bool) {
	k.t.Helper()
	if !poll(patience, func() bool { return len(e.hooked.after(0)) > 0 }) {
		k.t.Errorf("%s: the hook was not called", what)
		return
	}
	calls := e.hooked.after(0)
	if len(calls) > 1 || !is(calls[0].err) {
		k.t.Errorf("%s: the hook was called %d times, with %s", what, len(calls), texts(calls))
	}
}

// texts returns the texts of the errors that a hook was called with. They may
// panic.
func texts(calls []hookCall) string {
	var all []string
	for _, c := range calls {
		text := "an error that panics"
		caught(func() { text = c.err.Error() })
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// isPanic reports whether err is a PanicError with panicValue.
func isPanic(err error) bool {
	p, ok := errors.AsType[*endpoint.PanicError](err)
	return ok && p.Value == panicValue
}
