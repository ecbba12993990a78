package bounds_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/bounds"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"", 0, ""},
		{"abc", 0, ""},
		{"abc", 2, "ab"},
		{"abc", 3, "abc"},
		{"abc", 4, "abc"},
		{"aü", 1, "a"},
		{"aü", 2, "a"},
		{"aü", 3, "aü"},
		{"üü", 3, "ü"},
		{"€", 1, ""},
		{"€", 2, ""},
		{"a😀b", 4, "a"},
		{"a😀b", 5, "a😀"},
		{"\xff\xff\xff", 2, "\xff\xff"},
		{"\x80\x80\x80", 2, ""},
	} {
		require.Equal(t, tt.want, bounds.Cut(tt.s, tt.n), "Cut(%q, %d)", tt.s, tt.n)
	}
}

func TestPointer(t *testing.T) {
	t.Parallel()
	fits := "/" + strings.Repeat("a", 255)
	require.Equal(t, fits, bounds.Pointer(fits))
	require.Equal(t, fits+"…", bounds.Pointer(fits+"b"))
	require.Equal(t, "/"+strings.Repeat("ä", 127)+"…", bounds.Pointer("/"+strings.Repeat("ä", 200)), "no half of a rune")
}

func TestLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", bounds.Text)
	for name, tt := range map[string][2]string{
		"empty":                   {"", ""},
		"plain":                   {"no such shop: größer 10 €", "no such shop: größer 10 €"},
		"lines":                   {"a\r\nb\tc\u2028d\u0085e", "a  b c d e"},
		"an escape of a terminal": {"\x1b[2J\x1b]0;root\x07", "\ufffd[2J\ufffd]0;root\ufffd"},
		"a zero and a DEL":        {"a\x00b\x7fc\u009bd", "a\ufffdb\ufffdc\ufffdd"},
		"another direction":       {"exe.\u202egpj", "exe.\ufffdgpj"},
		"not UTF-8":               {"a\xffb", "a\ufffdb"},
		"as long as may be":       {long, long},
		"longer":                  {long + "y", long + "…"},
		"longer by replacements":  {long[3:] + "\xff\xff", long[3:] + "\ufffd…"},
		"longer, in a rune":       {long[1:] + "üy", long[1:] + "…"},
	} {
		require.Equal(t, tt[1], bounds.Line(tt[0]), name)
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\x1b[31m", "\xff\x80", strings.Repeat("ü", 2000), "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := bounds.Line(s)
		if len(got) > bounds.Text+len("…") || !utf8.ValidString(got) {
			t.Fatalf("Line(%q) is %d bytes, valid UTF-8: %v", s, len(got), utf8.ValidString(got))
		}
		if again := bounds.Line(got); again != got {
			t.Fatalf("Line(%q) is %q, and of that again %q", s, got, again)
		}
		for _, r := range got {
			if !unicode.IsGraphic(r) {
				t.Fatalf("Line(%q) has the character %q", s, r)
			}
		}
	})
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	require.NoError(t, bounds.Quiet(nil))
	cause := errors.New("a\x1bb")
	err := bounds.Quiet(fmt.Errorf("%w%s", cause, strings.Repeat("x", 10_000)))
	require.ErrorIs(t, err, cause)
	require.Contains(t, err.Error(), "a\ufffdbxxx")
	require.Less(t, len(err.Error()), 1100)
}
