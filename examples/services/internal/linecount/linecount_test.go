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

func TestBody(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"// a\npackage a\n":                                    "\n",
		"package a; var x = 1":                                 "; var x = 1",
		"package a\n\nimport \"b\"\n\nvar x = b.C\n":           "\n\nvar x = b.C\n",
		"package a\n\nimport (\n\t\"b\"\n)\n\nfunc f() {}\n":   "\n\nfunc f() {}\n",
		"package a\nimport \"b\"\nimport \"c\"\nfunc f() {}\n": "\nfunc f() {}\n",
	} {
		body, err := linecount.Body([]byte(source))
		require.NoError(t, err, "%q", source)
		require.Equal(t, want, string(body), "%q", source)
	}
	_, err := linecount.Body([]byte("func"))
	require.Error(t, err)
}
