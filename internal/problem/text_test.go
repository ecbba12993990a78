package problem_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
)

// TestText writes errors as texts and reads them back.
func TestText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		e    *endpoint.Error
		text string
	}{
		"identity":         {endpoint.Define(endpoint.NotFound, "shop", "GONE", "it is gone: for good"), "NOT_FOUND shop/GONE: it is gone: for good"},
		"domain of a path": {endpoint.Define(endpoint.NotFound, "a.example/b", "GONE", "gone"), "NOT_FOUND a.example/b/GONE: gone"},
		"without":          {endpoint.Errorf(endpoint.Aborted, "busy"), "ABORTED: busy"},
		"no message":       {endpoint.FromWire(endpoint.Aborted, "", "", ""), "ABORTED: aborted"},
	} {
		require.Equal(t, tt.text, problem.Text(tt.e), name)
		back, ok := problem.FromText(tt.text)
		require.True(t, ok, name)
		require.Equal(t, []any{tt.e.Code(), tt.e.Domain(), tt.e.Reason(), tt.e.Message(), true},
			[]any{back.Code(), back.Domain(), back.Reason(), back.Message(), back.Remote()}, name)
	}
	require.Equal(t, "ABORTED: no", problem.Text(endpoint.FromWire(endpoint.Aborted, "a b", "C", "no")), "a domain that cannot be read back is left out")
}

// TestTextOfForeigner reads texts of other servers.
func TestTextOfForeigner(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"rpc: can't find service", "no", "OK: fine", "NOT_FOUND", "STRANGE: no", "NOT_FOUND x: no", "NOT_FOUND /: no",
		"NOT_FOUND a/: no", "NOT_FOUND /a: no", "NOT_FOUND a/b c: no",
	} {
		e, ok := problem.FromText(text)
		require.False(t, ok, text)
		require.Equal(t, []any{endpoint.Unknown, text}, []any{e.Code(), e.Message()})
	}
}

// TestTextBounds has texts that are long and not UTF-8.
func TestTextBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\xffx", 100_000)
	text := problem.Text(endpoint.FromWire(endpoint.Aborted, "", "", long))
	e, _ := problem.FromText(long)
	for _, s := range []string{text, e.Message()} {
		require.True(t, utf8.ValidString(s))
		require.LessOrEqual(t, len(s), 64<<10)
	}
}
