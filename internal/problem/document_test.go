package problem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
)

// TestRoundTrip writes errors and reads them back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*endpoint.Error{
		"code and message": endpoint.Errorf(endpoint.NotFound, "not found"),
		"identity":         endpoint.Define(endpoint.Aborted, "shop", "GONE", "gone"),
		"all details": endpoint.Define(endpoint.InvalidArgument, "shop", "BAD", "bad").
			WithViolations(endpoint.Violation{Pointer: "/a", Detail: "b"}, endpoint.Violation{Parameter: "query:c", Detail: "d"}).
			WithHelp(endpoint.Link{Description: "e", URL: "f"}).WithMeta("g", "h").WithRetryAfter(1200 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ok := problem.Read(problem.Append(nil, e, e.Code().HTTPStatus(), "title"), false)
			require.True(t, ok)
			cause := errors.New("cause")
			got := d.ToError(cause)
			require.ErrorIs(t, got, cause)
			require.True(t, got.Remote())
			require.Equal(t, e.Code(), got.Code())
			require.Equal(t, e.Domain()+"/"+e.Reason(), got.Domain()+"/"+got.Reason())
			require.Equal(t, e.Message(), got.Message())
			require.Equal(t, e.Violations(), got.Violations())
			require.Equal(t, e.Help(), got.Help())
			require.Equal(t, e.Meta(), got.Meta())
			require.Equal(t, e.RetryAfter(), got.RetryAfter())
		})
	}
}

// TestForeignCode reads documents with codes that are not known.
func TestForeignCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "OK", "STRANGE"} {
		d := &problem.Document{Code: code}
		require.Equal(t, endpoint.Unknown, d.ToError(d).Code(), code)
	}
}

// TestInvalidText writes text that is not UTF-8.
func TestInvalidText(t *testing.T) {
	t.Parallel()
	e := endpoint.Errorf(endpoint.NotFound, "a\xffb").WithMeta("k\xff", "v\xff")
	d, ok := problem.Read(problem.Append(nil, e, 404, ""), false)
	require.True(t, ok)
	require.Equal(t, "a\ufffdb", d.Detail)
	require.Equal(t, map[string]string{"k\ufffd": "v\ufffd"}, d.Meta)
}

// TestOf has what belongs to the error alone, in text that is valid.
func TestOf(t *testing.T) {
	t.Parallel()
	e := endpoint.Define(endpoint.Aborted, "peer", "BUSY", "busy").WithRetryAfter(1200*time.Millisecond).
		WithMeta("k", "v").WithViolations(endpoint.Violation{Pointer: "/a", Detail: "\xff"}).WithHelp(endpoint.Link{URL: "u"})
	require.Equal(t, &problem.Document{
		Code: "ABORTED", Domain: "peer", Reason: "BUSY", RetryAfter: "1.2s", Meta: map[string]string{"k": "v"},
		Errors: []problem.Violation{{Pointer: "/a", Detail: "\ufffd"}}, Help: []problem.Link{{URL: "u"}},
	}, problem.Of(e))
}
