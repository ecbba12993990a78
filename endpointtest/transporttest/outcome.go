package transporttest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
)

// An outcome is the part of an error that goes over a wire.
type outcome struct {
	code       endpoint.Code
	identity   string
	message    string
	violations []endpoint.Violation
	retry      time.Duration
	help       []endpoint.Link
	meta       map[string]string
}

// outcomeOf returns the outcome of a call that ended with err.
func outcomeOf(err error) outcome {
	if err == nil {
		return outcome{}
	}
	e := endpoint.ErrorOf(err)
	o := outcome{
		code: e.Code(), identity: e.Domain() + "/" + e.Reason(), message: e.Message(),
		violations: e.Violations(), retry: e.RetryAfter(), help: e.Help(), meta: e.Meta(),
	}
	if e.Domain() == "" && e.Reason() == "" {
		o.identity = ""
	}
	return o
}

// plain returns the outcome of an error with a code and a message alone.
func plain(code endpoint.Code, message string) outcome {
	return outcome{code: code, message: message}
}

// internal is the outcome of every defect of a server.
var internal = plain(endpoint.Internal, "internal error")

// equal reports whether two outcomes are equal. A nil list equals an empty one.
func (o outcome) equal(other outcome) bool {
	return o.code == other.code && o.identity == other.identity && o.message == other.message && o.retry == other.retry &&
		slices.Equal(o.violations, other.violations) && slices.Equal(o.help, other.help) && maps.Equal(o.meta, other.meta)
}

// String returns the members that are set, as one line.
func (o outcome) String() string {
	if o.code == endpoint.OK {
		return "no error"
	}
	text := fmt.Sprintf("%v %q %q", o.code, o.identity, o.message)
	if len(o.violations) > 0 {
		text += fmt.Sprintf(" violations %q", o.violations)
	}
	if o.retry != 0 {
		text += fmt.Sprintf(" retry after %v", o.retry)
	}
	if len(o.help) > 0 {
		text += fmt.Sprintf(" links %q", o.help)
	}
	if len(o.meta) > 0 {
		text += fmt.Sprintf(" metadata %q", o.meta)
	}
	return text
}

// wantError fails the case unless the outcome of err is want, and reports whether
// it is.
func (k *kit) wantError(what string, err error, want outcome) bool {
	k.t.Helper()
	ok := true
	if got := outcomeOf(err); !got.equal(want) {
		k.t.Errorf("%s: the error is %v, want %v", what, got, want)
		ok = false
	}
	k.wantNoSecret(what, err)
	return ok
}

// wantRemote is wantError for an error that came from a server.
func (k *kit) wantRemote(what string, err error, want outcome) {
	k.t.Helper()
	if k.wantError(what, err, want) && err != nil && !endpoint.ErrorOf(err).Remote() {
		k.t.Errorf("%s: the error of the server is not Remote", what)
	}
}

// wantCode fails the case unless err has the code.
func (k *kit) wantCode(what string, err error, code endpoint.Code) {
	k.t.Helper()
	if got := endpoint.CodeOf(err); got != code {
		k.t.Errorf("%s: the code of the error is %v, want %v (%v)", what, got, code, err)
	}
}

// wantIdentity fails the case unless err has the code and the identity. Its message
// may be any.
func (k *kit) wantIdentity(what string, err error, code endpoint.Code, identity string) {
	k.t.Helper()
	if got := outcomeOf(err); got.code != code || got.identity != identity {
		k.t.Errorf("%s: the error is %v %q, want %v %q (%v)", what, got.code, got.identity, code, identity, err)
	}
	k.wantNoSecret(what, err)
}

// wantNoSecret fails the case if the error of a client contains the secret.
func (k *kit) wantNoSecret(what string, err error) {
	k.t.Helper()
	if err != nil && strings.Contains(err.Error(), secret) {
		k.t.Errorf("%s: the error shows what must not be sent: %v", what, err)
	}
}

// wantSuccess fails the case unless err is nil.
func (k *kit) wantSuccess(what string, err error) {
	k.t.Helper()
	if err != nil {
		k.t.Errorf("%s: the call failed: %v", what, err)
	}
}

// wantMessages fails the case unless the messages are those wanted.
func (k *kit) wantMessages(what string, got []Message, want ...Message) {
	k.t.Helper()
	if len(got) != len(want) {
		k.t.Errorf("%s: %d messages came, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if !same(got[i], want[i]) {
			k.t.Errorf("%s: message %d is %s, want %s", what, i, describe(got[i]), describe(want[i]))
			return
		}
	}
}

// wantEqual fails the case unless the values are equal.
func (k *kit) wantEqual(what string, got, want any) {
	k.t.Helper()
	if !reflect.DeepEqual(got, want) {
		k.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantAlive checks that a call of Empty succeeds, after another call has failed.
func (k *kit) wantAlive(what string, e *ends) {
	k.t.Helper()
	if _, err := e.Empty(k.ctx, endpoint.Empty{}); err != nil {
		k.t.Errorf("%s: the next call failed: %v", what, err)
	}
}
