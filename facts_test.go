package endpoint_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// about is what a Facts yields for one call of Of.
type about struct {
	field any
	op    endpoint.Operation
	err   string
}

// stated returns what f yields.
func stated(f *endpoint.Facts) []about {
	var all []about
	f.All(func(field any, op *endpoint.Operation, err error) bool {
		a := about{field: field, op: *op}
		if err != nil {
			a.err = err.Error()
		}
		all = append(all, a)
		return true
	})
	return all
}

func TestFacts(t *testing.T) {
	t.Parallel()
	var get endpoint.Endpoint[int, string]
	var list endpoint.Endpoint[endpoint.Empty, endpoint.Stream[string]]
	gone := endpoint.Define(endpoint.NotFound, "rooms", "GONE", "gone")
	full := endpoint.Define(endpoint.ResourceExhausted, "rooms", "FULL", "full")
	for name, tt := range map[string]struct {
		state func(f *endpoint.Facts)
		want  []about
	}{
		"nothing":           {func(*endpoint.Facts) {}, nil},
		"no facts":          {func(f *endpoint.Facts) { f.Of(&get) }, []about{{field: &get}}},
		"errors":            {func(f *endpoint.Facts) { f.Of(&get, endpoint.Fails(gone), endpoint.Fails(full, gone)) }, []about{{field: &get, op: endpoint.Operation{Fails: []*endpoint.Error{gone, full, gone}}}}},
		"a nil error":       {func(f *endpoint.Facts) { f.Of(&get, endpoint.Fails(nil)) }, []about{{field: &get, op: endpoint.Operation{Fails: []*endpoint.Error{nil}}}}},
		"idempotent":        {func(f *endpoint.Facts) { f.Of(&get, endpoint.Idempotent()) }, []about{{field: &get, op: endpoint.Operation{Idempotent: true}}}},
		"a text":            {func(f *endpoint.Facts) { f.Of(&get, endpoint.Doc("old"), endpoint.Doc("gets")) }, []about{{field: &get, op: endpoint.Operation{Doc: "gets"}}}},
		"a nil fact":        {func(f *endpoint.Facts) { f.Of(&get, nil, endpoint.Doc("gets"), nil) }, []about{{field: &get, op: endpoint.Operation{Doc: "gets"}, err: "a nil fact"}}},
		"a nil pointer":     {func(f *endpoint.Facts) { f.Of((*endpoint.Endpoint[int, string])(nil)) }, []about{{field: (*endpoint.Endpoint[int, string])(nil)}}},
		"one field twice":   {func(f *endpoint.Facts) { f.Of(&get, endpoint.Doc("gets")); f.Of(&get, endpoint.Idempotent()) }, []about{{field: &get, op: endpoint.Operation{Doc: "gets"}}, {field: &get, op: endpoint.Operation{Idempotent: true}}}},
		"fields in order":   {func(f *endpoint.Facts) { f.Of(&list, endpoint.Doc("lists")); f.Of(&get) }, []about{{field: &list, op: endpoint.Operation{Doc: "lists"}}, {field: &get}}},
		"a fault of one":    {func(f *endpoint.Facts) { f.Of(&list, nil); f.Of(&get, endpoint.Idempotent()) }, []about{{field: &list, err: "a nil fact"}, {field: &get, op: endpoint.Operation{Idempotent: true}}}},
		"an empty text":     {func(f *endpoint.Facts) { f.Of(&get, endpoint.Doc("gets"), endpoint.Doc("")) }, []about{{field: &get}}},
		"no errors at all":  {func(f *endpoint.Facts) { f.Of(&get, endpoint.Fails()) }, []about{{field: &get}}},
		"everything at all": {func(f *endpoint.Facts) { f.Of(&get, endpoint.Fails(full), endpoint.Idempotent(), endpoint.Doc("gets")) }, []about{{field: &get, op: endpoint.Operation{Fails: []*endpoint.Error{full}, Idempotent: true, Doc: "gets"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f endpoint.Facts
			tt.state(&f)
			require.Equal(t, tt.want, stated(&f))
			require.Equal(t, tt.want, stated(&f), "it can be read again")
		})
	}
}

// TestFactsAreCopied changes what was given to Fails.
func TestFactsAreCopied(t *testing.T) {
	t.Parallel()
	gone := endpoint.Define(endpoint.NotFound, "rooms", "GONE", "gone")
	errs := []*endpoint.Error{gone}
	fact := endpoint.Fails(errs...)
	errs[0] = nil
	var get endpoint.Endpoint[int, string]
	var f endpoint.Facts
	f.Of(&get, fact, fact)
	require.Equal(t, []*endpoint.Error{gone, gone}, stated(&f)[0].op.Fails)
}

// TestFactsAllStops leaves the range early.
func TestFactsAllStops(t *testing.T) {
	t.Parallel()
	var get, set endpoint.Endpoint[int, string]
	var f endpoint.Facts
	f.Of(&get)
	f.Of(&set)
	calls := 0
	f.All(func(field any, _ *endpoint.Operation, _ error) bool {
		calls++
		require.Same(t, &get, field)
		return false
	})
	require.Equal(t, 1, calls)
}
