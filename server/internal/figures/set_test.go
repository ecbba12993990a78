package figures_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// TestOperations has the rows of a program in their order, whatever the order in which
// they became known.
func TestOperations(t *testing.T) {
	t.Parallel()
	const served, called = endpoint.ServerSide, endpoint.ClientSide
	want := []*endpoint.Operation{
		{Side: served, Service: "A", Name: "X", Transport: "grpc"},
		{Side: served, Service: "A", Name: "X", Transport: "http", Method: "GET", Pattern: "/x"},
		{Side: served, Service: "A", Name: "X", Transport: "http", Method: "GET", Pattern: "/y"},
		{Side: served, Service: "A", Name: "X", Transport: "http", Method: "POST", Pattern: "/a"},
		{Side: served, Service: "A", Name: "Y"},
		{Side: served, Service: "B", Name: "A"},
		{Side: called, Service: "A", Name: "A"},
		{Side: served, Method: "GET", Unrouted: true},
	}
	for _, order := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1, 0}, {3, 7, 0, 5, 1, 6, 4, 2}} {
		s := figures.New()
		require.Empty(t, s.Operations())
		for _, i := range order {
			require.Same(t, want[i], s.Of(want[i]).Operation())
		}
		var got []*endpoint.Operation
		for _, o := range s.Operations() {
			got = append(got, o.Operation())
		}
		require.Equal(t, want, got)
	}
}

// TestOfIsOne has operations that share their figures: those with the same names, and
// all that no route matches.
func TestOfIsOne(t *testing.T) {
	t.Parallel()
	s := figures.New()
	again := *getOp
	require.Same(t, s.Of(getOp), s.Of(&again))
	require.NotSame(t, s.Of(getOp), s.Of(askOp))
	require.Same(t,
		s.Of(&endpoint.Operation{Side: endpoint.ServerSide, Method: "GET", Unrouted: true}),
		s.Of(&endpoint.Operation{Side: endpoint.ServerSide, Method: "POST", Unrouted: true}))
	require.Len(t, s.Operations(), 3)
}
