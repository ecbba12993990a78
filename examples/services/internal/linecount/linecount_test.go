package linecount_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/linecount"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		"":                                    0,
		"// a\n\n/* b\nc */\n":                0,
		"package a\n":                         1,
		"package a // b\n\nvar (\n\tx = 1\n)": 4,
		"package a; var x = 1":                1,
	} {
		require.Equal(t, want, linecount.Code([]byte(source)), "%q", source)
	}
}
