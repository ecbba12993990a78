package scalar_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/scalar"
)

// plain has no method.
type plain struct{}

// level lists its values on its type, size on the pointer to it.
type (
	level string
	size  int
	none  string
)

func (level) Values() []string { return []string{"low", "high"} }
func (*size) Values() []string { return []string{"1", "2"} }
func (none) Values() []string  { return nil }

func TestReason(t *testing.T) {
	t.Parallel()
	ours := endpoint.Errorf(endpoint.InvalidArgument, "must be even: %w", errors.New("hunter2"))
	defined := endpoint.Define(endpoint.InvalidArgument, "shop", "BAD_SIZE", "no such size")
	violated := defined.WithViolations(endpoint.Violation{Detail: "too short"}, endpoint.Violation{Pointer: "/x", Detail: "too old"})
	tests := map[string]struct {
		typ  reflect.Type
		err  error
		want string
	}{
		"another error":      {reflect.TypeFor[plain](), errors.New("hunter2"), ""},
		"no type":            {nil, errors.New("hunter2"), ""},
		"an Error":           {nil, ours, "must be even"},
		"a wrapped Error":    {reflect.TypeFor[plain](), fmt.Errorf("parse: %w", ours), "must be even"},
		"a defined Error":    {nil, defined, "no such size"},
		"an Error of a peer": {nil, endpoint.FromWire(endpoint.InvalidArgument, "x", "Y", "hunter2"), ""},
		"a nil Error":        {nil, (*endpoint.Error)(nil), ""},
		"violations":         {nil, violated, "too short; too old"},
		"values":             {reflect.TypeFor[level](), errors.New("hunter2"), "must be one of low, high"},
		"values by pointer":  {reflect.TypeFor[size](), errors.New("hunter2"), "must be one of 1, 2"},
		"no values":          {reflect.TypeFor[none](), errors.New("hunter2"), ""},
		"an Error first":     {reflect.TypeFor[level](), ours, "must be even"},
		"an empty one":       {reflect.TypeFor[level](), defined.WithViolations(endpoint.Violation{}), "must be one of low, high"},
		"one line":           {nil, defined.With("a\nb\x1b[31m"), "a b\ufffd[31m"},
		"not UTF-8":          {nil, defined.With("a\xffb"), "a\ufffdb"},
	}
	for name, tt := range tests {
		require.Equal(t, tt.want, scalar.Reason(tt.typ, tt.err), name)
	}
	long := scalar.Reason(nil, defined.With("%s", strings.Repeat("ü", 10_000)))
	require.LessOrEqual(t, len(long), 1<<10+len("…"))
	require.True(t, strings.HasSuffix(long, "ü…"), long)
}

// kind is an enum. The error of even has a reason for the caller.
type (
	kind string
	even int
)

func (k kind) MarshalText() ([]byte, error) { return []byte(k), nil }
func (k kind) Values() []string             { return []string{"single", "double"} }

func (k *kind) UnmarshalText(text []byte) error {
	switch *k = kind(text); *k {
	case "single", "double":
		return nil
	}
	return errors.New("no kind")
}

func (e even) MarshalText() ([]byte, error) { return fmt.Append(nil, int(e)), nil }

func (e *even) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscan(string(text), (*int)(e)); err != nil || *e%2 != 0 {
		return endpoint.Errorf(endpoint.InvalidArgument, "must be even")
	}
	return nil
}

func TestParseSaysWhy(t *testing.T) {
	t.Parallel()
	parse := func(v any, text string) string {
		s, ok := scalar.Of(reflect.TypeOf(v).Elem())
		require.True(t, ok)
		return s.Parse(reflect.ValueOf(v).Elem(), text)
	}
	require.Empty(t, parse(new(kind), "double"))
	require.Equal(t, "must be one of single, double", parse(new(kind), "palace"))
	require.Equal(t, "not valid UTF-8", parse(new(kind), "\xff"))
	require.Empty(t, parse(new(even), "4"))
	require.Equal(t, "must be even", parse(new(even), "5"))
	s, _ := scalar.Of(reflect.TypeFor[kind]())
	require.EqualError(t, s.Check(reflect.TypeFor[kind](), "palace"), `tag default "palace": must be one of single, double`)
}
