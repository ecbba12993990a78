package jwtx_test

import (
	"encoding/json/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/auth/jwtx"
)

func TestScopes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]jwtx.Scopes{
		`"a b"`: {"a", "b"}, `" a "`: {"a"}, `""`: {}, `["a b","c"]`: {"a b", "c"}, `[]`: {}, `null`: {},
	} {
		var got jwtx.Scopes
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{`1`, `{}`, `[1]`, `true`} {
		require.Error(t, json.Unmarshal([]byte(text), new(jwtx.Scopes)), text)
	}
}
