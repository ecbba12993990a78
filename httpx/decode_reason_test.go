package httpx_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// size is a text type that says what is wrong; grade one that lists its values.
type (
	size  string
	grade string
)

func (s size) MarshalText() ([]byte, error) { return []byte(s), nil }
func (s *size) UnmarshalText(b []byte) error {
	if *s = size(b); *s != "" && *s != "big" {
		return endpoint.Errorf(endpoint.InvalidArgument, "must be big: %w", errors.New("hunter2"))
	}
	return nil
}

func (g grade) MarshalText() ([]byte, error) { return []byte(g), nil }
func (grade) Values() []string               { return []string{"a", "b"} }
func (g *grade) UnmarshalText(b []byte) error {
	if *g = grade(b); *g != "" && *g != "a" && *g != "b" {
		return errors.New("hunter2")
	}
	return nil
}

// TestReasons shows what a type says of a value that it refuses, wherever that is.
func TestReasons(t *testing.T) {
	t.Parallel()
	type request struct {
		ID    size                  `path:"id"`
		Size  *size                 `query:"size"`
		Sizes []size                `query:"sizes"`
		Pair  [2]grade              `query:"pair"`
		Grade codec.Optional[grade] `header:"X-Grade"`
		Theme grade                 `cookie:"theme"`
		In    grade                 `json:"in"`
		Keys  map[grade]size        `json:"keys"`
	}
	h := mounted(t, echo[request]("POST", "/{id}"))
	a := ask(t, h, "POST", "/x?size=x&sizes=big&sizes=x&pair=a&pair=x", `{"in":"x","keys":{"a":"x","x":"big"}}`, "X-Grade", "x", "Cookie", "theme=x")
	require.Equal(t, []string{
		"path:id: must be big", "header:X-Grade: must be one of a, b", "cookie:theme: must be one of a, b", "query:size: must be big",
		"query:sizes: must be big", "query:pair: must be one of a, b", "/in: must be one of a, b", "/keys/a: must be big",
		"/keys/x: the name of this member is not valid: must be one of a, b",
	}, a.faults(t))
	require.NotContains(t, a.body, "hunter2")

	type form struct {
		Size  size    `form:"size"`
		Grade []grade `form:"grade"`
	}
	a = ask(t, mounted(t, route("POST", "/", none[form, endpoint.Empty])), "POST", "/", "size=x&grade=a&grade=x", "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, []string{"/size: must be big", "/grade: must be one of a, b"}, a.faults(t))

	type bad struct {
		Grade grade `query:"grade" default:"x"`
	}
	err := httpx.Mount(&ledger{}, echo[bad]("GET", "/"))
	require.ErrorContains(t, err, `tag default "x": must be one of a, b`)
}
