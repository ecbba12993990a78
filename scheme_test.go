package endpoint_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// faultyScheme has a fault of its own.
type faultyScheme struct{ scheme }

func (f *faultyScheme) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: f}} }
func (f *faultyScheme) Err() error            { return errors.New("a fault of its own") }

// valueScheme is a scheme that is not a pointer.
type valueScheme struct{ *scheme }

func (v valueScheme) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: v}} }

// TestRequireFaults requires what cannot be required.
func TestRequireFaults(t *testing.T) {
	t.Parallel()
	a := &scheme{"a"}
	for name, tt := range map[string]struct {
		anyOf []endpoint.Requirement
		want  string
	}{
		"nothing":             {nil, "nothing is required"},
		"nil":                 {[]endpoint.Requirement{a, nil}, "a nil requirement"},
		"a nil scheme":        {[]endpoint.Requirement{(*scheme)(nil)}, "a nil requirement"},
		"no needs":            {[]endpoint.Requirement{endpoint.Needs{}}, "a requirement without a scheme"},
		"needs a nil scheme":  {[]endpoint.Requirement{endpoint.Needs{{}}}, "a nil scheme"},
		"a scheme by value":   {[]endpoint.Requirement{valueScheme{a}}, "want a pointer"},
		"a scheme's fault":    {[]endpoint.Requirement{&faultyScheme{*a}}, "a fault of its own"},
		"a scheme, nameless":  {[]endpoint.Requirement{&scheme{}}, "has no name"},
		"an empty scope":      {[]endpoint.Requirement{a.scope("")}, `a: "" is not a scope`},
		"a scope with spaces": {[]endpoint.Requirement{a.scope("x y")}, `a: "x y" is not a scope`},
		"a scope with quotes": {[]endpoint.Requirement{a.scope(`x"`)}, "is not a scope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := new(endpoint.Operation)
			require.ErrorContains(t, op.Require(tt.anyOf...), tt.want)
			require.Empty(t, op.Requires)
		})
	}
}

// TestRequireTogether multiplies the alternatives of two requirements, without those that
// need more than another one.
func TestRequireTogether(t *testing.T) {
	t.Parallel()
	a, b, c := &scheme{"a"}, &scheme{"b"}, &scheme{"c"}
	for name, tt := range map[string]struct {
		outer, inner []endpoint.Requirement
		want         []endpoint.Needs
	}{
		"scopes":     {[]endpoint.Requirement{a.scope("x")}, []endpoint.Requirement{a.scope("x", "y", "x")}, []endpoint.Needs{a.scope("x", "y")}},
		"each":       {[]endpoint.Requirement{a, b}, []endpoint.Requirement{c}, []endpoint.Needs{append(a.scope(), c.scope()...), append(b.scope(), c.scope()...)}},
		"one of two": {[]endpoint.Requirement{a, b}, []endpoint.Requirement{b.scope("x")}, []endpoint.Needs{b.scope("x")}},
		"the same":   {[]endpoint.Requirement{a, b}, []endpoint.Requirement{b, a}, []endpoint.Needs{a.scope(), b.scope()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := new(endpoint.Operation)
			require.NoError(t, op.Require(tt.outer...))
			require.NoError(t, op.Require(tt.inner...))
			require.ElementsMatch(t, tt.want, op.Requires)
		})
	}
}
