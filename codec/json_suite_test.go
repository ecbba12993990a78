package codec_test

import (
	_ "embed"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

//go:embed testdata/jsontestsuite.txt
var suiteText string

// A suiteCase is an input of JSONTestSuite, and whether an any is read from it.
type suiteCase struct {
	name, text string
	accept     bool
}

func suite(tb testing.TB) []suiteCase {
	tb.Helper()
	var cases []suiteCase
	for line := range strings.Lines(suiteText) {
		if strings.HasPrefix(line, "#") || line == "\n" {
			continue
		}
		verdict, rest, _ := strings.Cut(line, " ")
		name, rest, _ := strings.Cut(rest, " ")
		cases = append(cases, suiteCase{name, unquoteAll(tb, rest), verdict == "accept"})
	}
	return cases
}

// unquoteAll joins Go strings, each of which is followed by a number if it is repeated.
func unquoteAll(tb testing.TB, text string) string {
	tb.Helper()
	var all strings.Builder
	for text = strings.TrimSpace(text); text != ""; {
		quoted, err := strconv.QuotedPrefix(text)
		require.NoError(tb, err, text)
		part, err := strconv.Unquote(quoted)
		require.NoError(tb, err, text)
		text = strings.TrimSpace(text[len(quoted):])
		times := 1
		if number, rest, _ := strings.Cut(text, " "); number != "" && number[0] != '"' {
			times, err = strconv.Atoi(number)
			require.NoError(tb, err, text)
			text = rest
		}
		all.WriteString(strings.Repeat(part, times))
	}
	return all.String()
}

// TestJSONTestSuite holds our verdict on each input. No type accepts what an any rejects, and
// readers that are compiled for a type agree with json/v2.
func TestJSONTestSuite(t *testing.T) {
	t.Parallel()
	types := []reflect.Type{
		reflect.TypeFor[[]float64](), reflect.TypeFor[[]float32](), reflect.TypeFor[[]int](), reflect.TypeFor[[1]uint64](),
		reflect.TypeFor[[]string](), reflect.TypeFor[[]bool](), reflect.TypeFor[[]*bool](), reflect.TypeFor[[][]*string](),
		reflect.TypeFor[map[string]string](), reflect.TypeFor[map[string]int](), reflect.TypeFor[map[string]map[string]bool](),
		reflect.TypeFor[[]map[string]int](), reflect.TypeFor[[]struct{}](), reflect.TypeFor[string](), reflect.TypeFor[float64](),
		reflect.TypeFor[int8](), reflect.TypeFor[bool](), reflect.TypeFor[*bool](), reflect.TypeFor[[]byte](),
		reflect.TypeFor[struct {
			A codec.Optional[string] `json:"a,omitzero"`
		}](),
		reflect.TypeFor[struct {
			A []int
			B *string `json:"b"`
		}](),
	}
	cases := suite(t)
	require.Len(t, cases, 318)
	byCompiled := 0
	for _, c := range cases {
		var v any
		err := codec.JSON().Decode([]byte(c.text), &v)
		require.Equal(t, c.accept, err == nil, "%s: %v", c.name, err)
		for _, typ := range types {
			f := compiled(t, typ)
			if ok := requireReads(t, f, []byte(c.text), reflect.New(typ), reflect.New(typ)); ok {
				require.True(t, c.accept, "%s as %s", c.name, typ)
				byCompiled++
			}
		}
	}
	require.Greater(t, byCompiled, 100, "texts that are read by compiled readers")
}
