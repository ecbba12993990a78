package shell_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
)

// TestFailure: the text is for logs, the message for callers of a server that relays it.
func TestFailure(t *testing.T) {
	t.Parallel()
	for code, want := range map[endpoint.Code]string{
		endpoint.Unavailable: "temporarily unavailable", endpoint.Internal: "internal error", endpoint.DeadlineExceeded: "deadline exceeded",
	} {
		err := shell.Failure(code, "port %d: %w", 80, io.ErrUnexpectedEOF)
		require.Equal(t, code, err.Code())
		require.EqualError(t, err, "port 80: unexpected EOF")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, want, err.Message())
	}
}

// TestUnreadable has the errors of codecs as clients say them.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	invalid, cause := codec.ErrInvalid, errors.New("unexpected EOF")
	many := make([]endpoint.Violation, bounds.Faults+1)
	for i := range many {
		many[i].Detail = "no"
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"faults":             {invalid.WithViolations(endpoint.Violation{Pointer: "/a", Detail: "must be a number"}, endpoint.Violation{Parameter: "header:X", Detail: "missing"}).WithCause(cause), "/a must be a number; header:X missing"},
		"a fault of it all":  {invalid.WithViolations(endpoint.Violation{Detail: "must not be null"}), "must not be null"},
		"a cause alone":      {invalid.WithCause(cause), "unexpected EOF"},
		"nothing":            {invalid, "not valid"},
		"too many":           {invalid.WithViolations(many...), strings.Repeat("no; ", bounds.Faults-1) + "no"},
		"an error of a user": {cause, "unexpected EOF"},
		"with a code":        {endpoint.Errorf(endpoint.NotFound, "no such thing"), "no such thing"},
		"a character":        {errors.New("a\nb"), "a b"},
	} {
		err := shell.Unreadable(tt.err)
		require.EqualError(t, err, tt.want, name)
		require.NotErrorIs(t, err, codec.ErrInvalid, name)
		if errors.Is(tt.err, cause) {
			require.ErrorIs(t, err, cause, name)
		}
	}
}

// TestRejectsHandshake has alerts of TLS.
func TestRejectsHandshake(t *testing.T) {
	t.Parallel()
	for alert, want := range map[string]bool{
		"tls: bad certificate": true, "tls: unknown certificate authority": true, "tls: certificate required": true,
		"tls: handshake failure": true, "tls: protocol version not supported": true,
		"tls: internal error": false, "tls: close notify": false, "tls: user canceled": false,
	} {
		require.Equal(t, want, shell.RejectsHandshake(alert), alert)
	}
}
